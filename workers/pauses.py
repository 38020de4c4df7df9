"""
Pauses of runs as values: what the record says of one, and the end of an attempt that pauses. Pure.

Who resumes one is in `pausing.py`; settle.lua carries the end out.
"""

from collections.abc import Sequence

from receiver import keys
from receiver.lifecycle import Status
from receiver.record import Lane, Record

from .actions import Pause, Resumed
from .ledger import Claim, End

#: Longest `why` that a record keeps, in characters.
MAX_WHY = 500
#: The reason of an event that is paused.
REASON = "paused"


def standing(record: Record, place: str, *, now: int) -> Pause | Resumed | None:
    """
    Return what became of the pause of a step: it still waits, it is over, or there was none.

    Args:
        now: Milliseconds by Redis' clock.
    """
    note = record.pauses.get(place)
    if note is None:
        return None
    if not note.waits(now):
        return Resumed(by=note.by)
    return Pause(note.why, lane=note.lane, for_s=(note.until - now) / 1000 if note.until else None)


def note(place: str, pause: Pause) -> dict[str, str]:
    """Return the field of a new pause; settle.lua puts Redis' time in front."""
    for_ms = 0 if pause.for_s is None else max(1, int(pause.for_s * 1000))
    why = " ".join(pause.why.split())[:MAX_WHY]
    return {f"pause:{place}": f"@now {for_ms} {pause.lane.value} {why}"}


def end(pauses: Sequence[Pause], claim: Claim, *, step: str) -> End:
    """
    Return the end of an attempt of which *pauses* are left.

    Its lane goes on only where all of them let it: one that must wait would otherwise be overtaken.
    """
    times = [pause.for_s for pause in pauses if pause.for_s is not None]
    fields = {"reason": REASON, "error": pauses[0].why[:MAX_WHY], "step": step}
    return End(
        status=Status.PAUSED,
        wait_s=max(0.001, min(times)) if times else 0.0,
        detail=REASON,
        fields={**fields, **_place(pauses, claim)},
    )


def _place(pauses: Sequence[Pause], claim: Claim) -> dict[str, str]:
    if claim.record.home or any(pause.lane is Lane.WAITS for pause in pauses):
        return {}
    return {"lane": keys.aside(claim.lane, claim.record.key), "home": claim.lane}
