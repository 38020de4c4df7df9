"""
Workflow notifications: deliveries whose body is a template of the user's own. Pure.

Documented: the template is Handlebars, and `{{ order.id }}` is a variable. Ours: every other variable, that an unknown
one is empty, and that nothing is escaped, so that a quote in a name makes a body that is no JSON.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..config import Notification
from ..times import whole_seconds
from .orders import Order

#: A variable in double braces; blocks and helpers of Handlebars are not played.
_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def named(notifications: Sequence[Notification]) -> Iterator[tuple[str, Notification]]:
    """
    Yield each notification with the name that its deliveries go under.
    """
    for number, notification in enumerate(notifications, 1):
        yield f"notification {number}", notification


def render(template: str, event_type: str, order: Order, *, now: datetime) -> bytes:
    """
    Return the body of one notification.
    """
    known = _variables(event_type, order, now)
    return _VARIABLE.sub(lambda found: known.get(found[1], ""), template).encode()


def _variables(event_type: str, order: Order, now: datetime) -> Mapping[str, str]:
    return {
        "order.id": order.id,
        # Ours from here on.
        "order.displayId": order.display_id,
        "order.name": order.name,
        "order.status": str(int(order.phase)),
        "order.state": order.phase.word,
        "event.type": event_type,
        "event.timestamp": whole_seconds(now),
    }
