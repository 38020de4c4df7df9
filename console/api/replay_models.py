"""
What goes in and out of `/api/v1/replays`. Pure.
"""

from typing import Annotated

from pydantic import Field

from ..foresight import Fate
from ..rest.shapes import Answer, BodyModel, Moment, PathModel
from .lookup import EVENT_ID, SOURCE

#: Events that one call may name, and whose fate one call tells.
MAX_NAMED = 1_000
MAX_FORESEEN = 100


class ReplayPath(PathModel):
    """
    Which replay.
    """

    replay_id: str = Field(pattern=r"^rp-[0-9a-f]{8}$", description="Its id.")


class Chosen(BodyModel):
    """
    Which events: some by their ids, or all dead letters that the filters leave.
    """

    events: list[Annotated[str, Field(pattern=EVENT_ID)]] = Field(
        default_factory=list,
        max_length=MAX_NAMED,
        description="Event ids, of events in any state but in flight.",
    )
    all_dead: bool = Field(
        default=False, description="All dead letters that the filters leave, in place of `events`."
    )
    source: str = Field(default="", pattern=rf"^$|{SOURCE}", description="Only this source.")
    type: str = Field(default="", max_length=128, description="Only this event type; with `allDead`.")
    subject: str = Field(default="", max_length=256, description="Only this subject; with `allDead`.")
    since: str = Field(
        default="", max_length=40, description="Died from then on: `2h`, or a time; with `allDead`."
    )
    until: str = Field(default="", max_length=40, description="Died before then; with `allDead`.")


class NewReplay(Chosen):
    """
    A replay to be started.
    """

    rate: float = Field(default=0.0, ge=0, le=100_000, description="Most events a second; 0 for no limit.")
    ahead: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="Most events open at once, 0 for no limit; if unset as many as live traffic leaves room for, "
        "and no limit for events that are named.",
    )
    why: str = Field(min_length=1, max_length=500, description="Stands on record.")


class ReplayAnswer(Answer):
    """
    A replay on record.
    """

    replay_id: str = Field(description="Its id.")
    state: str = Field(description="`running`, `paused`, `done`, `cancelled`, or `broken off`.")
    by: str = Field(description="Who started it.")
    why: str = Field(description="What for.")
    filter: dict[str, str] = Field(description="Which dead letters it is for; empty where events are named.")
    events: int = Field(description="How many events are named; 0 for all dead letters of the filter.")
    rate: float = Field(description="Most events a second; 0 for no limit.")
    ahead: int = Field(description="Most events open at once; 0 for no limit.")
    started_at: Moment | None = Field(default=None, description="When it began.")
    seen_at: Moment | None = Field(default=None, description="Its last sign of life.")
    ended_at: Moment | None = Field(default=None, description="When it ended.")
    total: int = Field(description="How many events it was for at its start.")
    moved: int = Field(description="How many it has started again.")
    elsewhere: int = Field(description="How many were started or closed by somebody else.")
    left: int = Field(description="How many were dead still when it was cancelled.")


class ForeseenStep(Answer):
    """
    A step, and what would become of it.
    """

    workflow: str = Field(description="Its workflow.")
    step: str = Field(description="Its place, `run.index`.")
    action: str = Field(description="Its action.")
    fate: str = Field(description=f"One of {', '.join(f'`{fate.name.lower()}`' for fate in Fate)}.")
    meaning: str = Field(description="The same in words.")


class Foreseen(Answer):
    """
    What a replay would do with one event.
    """

    event_id: str = Field(description="The event.")
    source: str = Field(description="Whose event.")
    status: str = Field(description="Where it stands.")
    obstacle: str | None = Field(default=None, description="Why nothing would be done.")
    steps: list[ForeseenStep] = Field(description="Its steps.")


class Preview(Answer):
    """
    What a replay would do; nothing was changed.
    """

    total: int = Field(description="How many events it would be for.")
    shown: int = Field(description=f"Of how many this tells; at most {MAX_FORESEEN}.")
    events: list[Foreseen] = Field(description="What it would do with each.")
