"""
Reconciliation: what an order API says has changed, compared with the events on record; what is missing is fed in.

Owns what counts as missing and what a synthetic event says. Refuses to know what workflows make of it.
"""

from .comparing import Drift, Verdict
from .feeding import NoIdentity
from .listing import CannotList, ChangedOrders, listing_of
from .running import Report, Scope, reconcile

__all__ = [
    "CannotList",
    "ChangedOrders",
    "Drift",
    "NoIdentity",
    "Report",
    "Scope",
    "Verdict",
    "listing_of",
    "reconcile",
]
