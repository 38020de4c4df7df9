"""
The client of the Dispatch API: its operations (`operations`), what they are sent (`requests`), what they answer
(`models`), filters (`filters`) and lists page by page (`pages`).

`client.DispatchClient` holds one object per part of the API. Import from the modules, which load what they need.
"""
