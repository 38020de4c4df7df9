"""
Web Push: messages to browsers that asked for them.

Who asked (`subscriptions`), where a message may go and how it is encrypted and signed (`sealing`), sent (`pusher`).
Knows neither workflows nor what a message says.
"""
