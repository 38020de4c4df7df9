"""
The built-in action `send_push`: a push message to the browsers that have subscribed.
"""

import json
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ..failures import Permanent
from ..push.pusher import PushReason
from ..push.sealing import MOST_BYTES
from ..templating import Template
from .base import Result, Step
from .kit import there
from .marking import action
from .parameters import NeedsPush, Text
from .values import filled, values_for

Title: TypeAlias = Annotated[Text, NeedsPush]
Names: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=100)
]
Urgency: TypeAlias = Literal["very-low", "low", "normal", "high"]
#: A push service keeps a message for a browser that is away for as long as it likes; four weeks is what most allow.
Ttl: TypeAlias = Annotated[int, Field(ge=0, le=2_419_200)]


@action("send_push", effect="collapsible")
async def send_push(
    step: Step,
    *,
    title: Title,
    body: Text | None = None,
    url: Text | None = None,
    to: Names = (),
    ttl_s: Ttl = 86_400,
    urgency: Urgency = "normal",
) -> Result:
    """
    Send a push message to all browsers that have subscribed, or to those named.

    Args:
        title: What it says first, a template.
        body: What else it says, a template.
        url: Where a click leads, a template.
        to: Names or ids of subscriptions; all, if empty.
        ttl_s: Seconds for which it is kept for a browser that is away.
        urgency: How soon a browser on a battery is to be woken for it.
    """
    pusher = there(step.kit.pusher, "push")
    texts = {
        name: text for name, text in (("title", title), ("body", body), ("url", url)) if text is not None
    }
    values = await values_for(step, frozenset().union(*(text.names for text in texts.values())))
    message = await filled(lambda: _message(step, texts, values))
    return await pusher.send(message, key=step.idempotency_key, to=to, ttl_s=ttl_s, urgency=urgency)


def _message(step: Step, texts: dict[str, Template], values: dict[str, object]) -> bytes:
    """Return what the page's service worker gets; `tag` lets it show a repeat in place of the first. Ours."""
    said = {name: text.rendered(values) for name, text in texts.items()}
    content = json.dumps({**said, "tag": step.idempotency_key}, ensure_ascii=False).encode()
    if len(content) > MOST_BYTES:
        message = f"the message comes to {len(content)} bytes, and {MOST_BYTES} go into one; make it shorter"
        raise Permanent(message, reason=PushReason.TOO_LONG)
    return content
