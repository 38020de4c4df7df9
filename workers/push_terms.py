"""
The part of the table `[push]` that the console reads, too: where push messages may go. Light, and without the key.
"""

from typing import Annotated

from pydantic import Field

from receiver.settings import Section

#: The push services of the browsers there are; a name stands for itself and for what is under it.
PUSH_SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)


class PushTerms(Section):
    """
    Where push messages may go: what is asked of a subscription, too, when it is saved.
    """

    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$", max_length=253)], ...] = Field(
        default=PUSH_SERVICES,
        strict=False,
        min_length=1,
        description="Push services that messages may go to; a name stands for what is under it, too.",
        json_schema_extra={"expected": "a list of host names"},
    )
    allow_private: bool = Field(
        default=False,
        description="`true` allows plain HTTP, any port and addresses of your own network, for a push service of "
        "your own.",
    )
