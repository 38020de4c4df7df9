"""
Deciding and doing: workflows, conditions, actions, the effect ledger, retries, the API clients, replay.

Knows nothing of the web. Builds on `receiver` for the inbox in Redis, and on no other package of ours.
"""
