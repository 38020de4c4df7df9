"""
What a step can do: the types of an action, the decorator that marks one, the registry that collects them.

The built-in actions are in `orders.py`. Nothing registers at import: `Registry.load` is told where to look.
"""

from .base import (
    Action,
    EffectClass,
    EventView,
    OrderApi,
    Pause,
    Result,
    Resumed,
    Step,
    Target,
)
from .kit import Kit
from .marking import action
from .parameters import Around, TargetName
from .registry import ActionError, Registry

__all__ = [
    "Action",
    "ActionError",
    "Around",
    "EffectClass",
    "EventView",
    "Kit",
    "OrderApi",
    "Pause",
    "Registry",
    "Result",
    "Resumed",
    "Step",
    "Target",
    "TargetName",
    "action",
]
