"""
The built-in action `pause`: the run waits until a person, or a clock, lets it go on.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from receiver.record import Lane

from .base import Pause, Result, Step
from .marking import action

#: The limits are ours; a year is over any decision.
Why: TypeAlias = Annotated[str, Field(max_length=500)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=31_536_000)]


@action("pause", effect="natural")
async def pause(
    step: Step, *, why: Why = "", lane: Lane = Lane.WAITS, for_s: Seconds | None = None
) -> Result:
    """
    Wait until somebody resumes the run.

    Args:
        why: For the person who is to decide; stands in the record.
        lane: `waits`: the order's later events wait behind this one. `goes_on`: they do not.
        for_s: Seconds after which the run goes on by itself; never, if unset.
    """
    if step.resumed is None:
        raise Pause(why, lane=lane, for_s=for_s)
    return {"resumedBy": step.resumed.by} if step.resumed.by else {"timeIsOver": True}
