"""
Traces: what is kept of deliveries that made no event, duplicates and rejected ones. Pure.

What was accepted or quarantined stands in its event's record and needs no trace. Owns which deliveries leave one: of a
few all, of a flood one now and then, which says how many it stands for. So a week of forgeries costs no more than the
traces of a day, and no delivery is unaccounted.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from .bucket import Bucket

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
    """The deliveries of one source with one code."""

    bucket: Bucket
    untold: int = 0
    last: Kept | None = None


class Sampler:
    """Lets a trace through, or counts it for the next one; holds one tally for each source and code."""

    def __init__(self, *, burst: float = BURST, per_s: float = PER_S) -> None:
        self._burst = burst
        self._per_s = per_s
        self._tallies: dict[tuple[str, str], _Tally] = {}

    def take(self, kept: Kept, now: float) -> Kept | None:
        """Return the trace if it is to be kept. *now*: seconds of a clock that does not jump."""
        tally = self._tally(kept)
        if not tally.bucket.take(now):
            tally.untold += 1
            tally.last = kept
            return None
        more, tally.untold, tally.last = tally.untold, 0, None
        return _standing_for(kept, more)

    def late(self, now: float) -> Iterator[Kept]:
        """Yield the last of those that were only counted, where nothing like it came since to speak for it."""
        for tally in self._tallies.values():
            if tally.last is not None and tally.bucket.take(now):
                yield _standing_for(tally.last, tally.untold - 1)
                tally.untold, tally.last = 0, None

    def _tally(self, kept: Kept) -> _Tally:
        name = kept.stream, kept.trace.code
        found = self._tallies.get(name)
        if found is None:
            found = self._tallies[name] = _Tally(Bucket(self._per_s, burst=self._burst))
        return found


def _standing_for(kept: Kept, more: int) -> Kept:
    if not more:
        return kept
    return Kept(kept.stream, msgspec.structs.replace(kept.trace, more=more), kept.body)
