"""
Outbound webhooks: one message posted to one configured target, signed by Standard Webhooks.

How a message is signed (`signing`), sent (`exchange`) and what an answer means (`answers`); who may send now
(`places`); and all of it together (`target`). Knows neither workflows nor what a message says.
"""
