"""
One budget per order API, shared by all workers: how many calls may go, and whether the API is there at all.

What the budget is stands in Redis and is decided by permit.lua and outcome.lua; this package is how a worker asks
(`budget`), who asks (`visit`), what it has heard and not yet told (`notes`), and how it all stands (`standing`).
Knows no HTTP: a client reports what it met through `workers.api.gate.Gate`.
"""

from .budget import Budget, Terms
from .budgets import Budgets, keeping, terms_of
from .standing import Standing
from .visit import Visit, visiting

__all__ = ["Budget", "Budgets", "Standing", "Terms", "Visit", "keeping", "terms_of", "visiting"]
