"""
Pages of events at a cost that does not grow with their number.

What an index can serve, it serves: a time line by its rank, dead letters and events in flight by theirs, an id by its
key. For the rest so many events are looked at and no more; the page then says that it is cut short, and where to go on.
"""

from .find import Found, Listing
from .plan import BadCursor, Cursor, Wanted

__all__ = ["BadCursor", "Cursor", "Found", "Listing", "Wanted"]
