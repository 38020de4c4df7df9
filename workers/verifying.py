"""
Whether the order API knows what an event is about: asked before anything is done, where the source says so.
"""

from .facts import Facts
from .failures import Gone, Moot, Reason
from .workflows import triggered
from .workshop import Workshop


async def verify(shop: Workshop, facts: Facts) -> None:
    """
    Read what the workflows of the event are about; they find it read.

    An event that no workflow is for is not worth a call: whoever forges events must not spend the API's budget.

    Raises:
        Failure: `Moot` where the API does not know it; otherwise it cannot be had.
    """
    event = facts.event
    for about in dict.fromkeys(one.entity_type for one in triggered(event.type, event.stale, shop.workflows)):
        try:
            await facts.read(about)
        except Gone:
            message = f"the API of {event.source} does not know the {about.lower()} {event.subject}"
            raise Moot(message, reason=Reason.ORDER_UNKNOWN) from None
