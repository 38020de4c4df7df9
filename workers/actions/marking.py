"""
The decorator for actions: it leaves a mark on a function and changes nothing, so the function stays testable.

    @action("notify_erp", effect="keyed")
    def notify_erp(step: Step, *, url: str, urgent: bool = False) -> Mapping[str, Any] | None:
        ...

    { type = "notify_erp", url = "https://erp.example.com/hook" }

The keyword-only parameters are what a workflow may write beside `type`; their annotations are enforced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeVar

_MARK = "__orderhook_action__"

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the decorator was told, unchecked: the registry checks, since it can name the module."""

    name: str
    effect: str
    needs_order: bool


def action(name: str, *, effect: str, needs_order: bool = False) -> Callable[[_F], _F]:
    """
    Mark a function, sync or async, as an action.

    A sync function runs in a thread, where it cannot be stopped: give its own calls a timeout. The order API
    is async, so whoever uses `step.api` writes an `async def`.

    Args:
        name: What workflows call it.
        effect: natural, keyed, collapsible or unkeyed, see `EffectClass`. There is no default: only the
            action's author knows what a repeat would do.
        needs_order: Have `step.order` fetched before the action runs.
    """

    def mark(function: _F) -> _F:
        setattr(function, _MARK, Mark(name=name, effect=effect, needs_order=needs_order))
        return function

    return mark


def mark_of(value: object) -> Mark | None:
    """Return the mark of *value*, if it is a function that carries one."""
    # Only functions are asked: any other object in a module may answer getattr as it likes.
    return getattr(value, _MARK, None) if isinstance(value, FunctionType) else None
