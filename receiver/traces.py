"""
Traces: what is kept of deliveries that made no event, duplicates and rejected ones. Pure.

What was accepted or quarantined stands in its event's record and needs no trace. Owns which deliveries leave one: of a
few all, of a flood one now and then, which says how many it stands for. So a week of forgeries costs no more than the
traces of a day, and no delivery is unaccounted.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from msgspec import Struct

from .bucket import Bucket

T = TypeVar("T")

#: Where deliveries to unknown addresses are kept; no source can be named so.
NO_SOURCE = "-"
DUPLICATE, REJECTED = "duplicate", "rejected"
#: The outcomes that leave a trace, each in a stream of its own: a flood of one must not push out the other.
OUTCOMES = (DUPLICATE, REJECTED)
#: Of one source, and with one code, so many deliveries in a row leave a trace each, and then one in ten seconds.
BURST = 100
PER_S = 0.1
#: Longest text of a sender's in a trace, in characters, and most bytes of a rejected body.
MAX_TEXT = 200
MAX_BODY = 16 * 1024


class Trace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One delivery that made no event. It holds no header of its own but the declared length, and no secret.
    """

    #: By this machine's clock, in milliseconds since 1970.
    at: int
    #: The last part of the address, known or not.
    source: str
    outcome: str
    #: Why it was rejected: the code of the answer, or `disconnected`. Of a duplicate `duplicate`.
    code: str
    #: Of the answer; 0 where none was given.
    status: int
    event_id: str = ""
    detail: str = ""
    duration_ms: float = 0.0
    #: Of the body, as declared or read; -1 where neither is known.
    bytes: int = -1
    #: Who connected to us: the sender, or the proxy in front.
    remote: str = ""
    scheme: str = ""
    #: How many like it, since the trace before, left none.
    more: int = 0


class Kept(Struct, frozen=True):
    """A trace with what goes beside it: the stream's source, and the body where it is kept."""

    stream: str
    trace: Trace
    body: bytes = b""


class _Tally(Struct):
    """The deliveries of one kind."""

    bucket: Bucket
    untold: int = 0
    last: Any = None


class Sampler(Generic[T]):
    """
    Says which of the deliveries of a kind leave a trace, and how many each stands for; holds one tally for each kind.

    Knows nothing of what a delivery is, so that of a flood none need be looked at.
    """

    def __init__(self, *, burst: float = BURST, per_s: float = PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._tallies: dict[tuple[str, str], _Tally] = {}

    def take(self, kind: tuple[str, str], delivery: T, now: float) -> int | None:
        """
        Return how many were only counted before this one, None where it is to be counted too.

        Args:
            now: Seconds of a clock that does not jump.
        """
        tally = self._tallies.get(kind)
        if tally is None:
            tally = self._tallies[kind] = _Tally(Bucket(self._per_s, burst=self._burst))
        if not tally.bucket.take(now):
            tally.untold += 1
            tally.last = delivery
            return None
        more, tally.untold, tally.last = tally.untold, 0, None
        return more

    def late(self, now: float) -> Iterator[tuple[T, int]]:
        """
        Yield the last of those that were only counted, where nothing like it came since to speak for it; and for how
        many others it stands.
        """
        for tally in self._tallies.values():
            if tally.untold and tally.bucket.take(now):
                last, more = tally.last, tally.untold - 1
                tally.untold, tally.last = 0, None
                yield last, more
