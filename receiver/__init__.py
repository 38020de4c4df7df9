"""
The public edge: takes deliveries in and keeps them, in order, until they are worked on.

Owns sources, signatures, the event record, the inbox in Redis, lanes and the life cycle.
Knows nothing of workers (but for one job name, a string), the order APIs, HTTP clients or API tokens.
"""
