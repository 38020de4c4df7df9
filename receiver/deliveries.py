"""
Reading deliveries, the newest first: from the records of events what made one, from the traces what made none.

For operators' commands and the console, over a blocking client that answers in text; writes nothing. A page looks at a
bounded number of deliveries, however many there are and however few are wanted, and says where the next one begins.
"""

import heapq
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import redis

from . import keys
from .inbox import Filter, Inbox
from .record import Record, moment
from .trace_keeper import KEEP_MS
from .traces import OUTCOMES, REJECTED, Trace

ACCEPTED, QUARANTINED = "accepted", "quarantined"
#: All outcomes that a delivery may have.
ALL = (ACCEPTED, QUARANTINED, *OUTCOMES)
#: Most deliveries that one page looks at, and how many are read from Redis at a time.
MOST_LOOKED_AT = 2_000
PORTION = 100

#: A place as it is written, and the id of a stream's entry; each number is one that Redis takes.
_CURSOR = re.compile(r"([0-9]{1,16})~([0-9]{1,16})~([\x21-\x7e]{1,300})")
_ENTRY = re.compile(r"[0-9]{1,16}-[0-9]{1,16}")

_decode = msgspec.json.Decoder(Trace).decode


class Place(NamedTuple):
    """
    Where a delivery stands in the order of all: by the time at which Redis took it, up to a second after it came.
    """

    ms: int
    number: int
    #: The key of its stream, or of its event.
    key: str

    @classmethod
    def read(cls, text: str) -> "Place":
        """
        Return the place that a cursor names.

        Raises:
            ValueError: It names none.
        """
        found = _CURSOR.fullmatch(text)
        if found is None or not 0 < int(found[1]) <= NEWEST.ms:
            raise ValueError("no cursor that an earlier answer gave")
        return cls(int(found[1]), int(found[2]), found[3])

    def __str__(self) -> str:
        return f"{self.ms}~{self.number}~{self.key}"


#: Before everything.
NEWEST = Place(1 << 52, 0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deliveries are wanted; an empty field wants all. Times are milliseconds since 1970, *until* excluded."""

    source: str = ""
    outcome: str = ""
    #: Of rejected ones: SIGNATURE_INVALID.
    code: str = ""
    since: int = 0
    until: int = NEWEST.ms

    def wants(self, outcome: str) -> bool:
        """Return whether deliveries of an outcome may be among the wanted."""
        return self.outcome in ("", outcome) and (not self.code or outcome == REJECTED)

    def admits(self, found: "Delivery") -> bool:
        """Return whether a delivery is wanted; the time range is the caller's."""
        return self.wants(found.outcome) and self.code in ("", found.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery. *status* is None where nobody noted it: that of an event is its source's `ack_status`."""

    #: What `Deliveries.find` finds it by.
    id: str
    at: int
    source: str
    outcome: str
    code: str
    status: int | None = None
    event_id: str = ""
    detail: str = ""
    duration_ms: float | None = None
    bytes: int | None = None
    remote: str = ""
    scheme: str = ""
    #: How many like it, since the one before, left no trace of their own.
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some deliveries, and where the next page begins; an empty *cursor* says that there are no more."""

    deliveries: Sequence[Delivery] = field(default_factory=tuple)
    cursor: str = ""


class Deliveries:
    """The deliveries of the last week."""

    def __init__(self, client: "redis.Redis", *, now: int) -> None:
        """
        Args:
            now: In milliseconds since 1970, by Redis' clock.
        """
        self._redis = client
        self._inbox = Inbox(client)
        self._oldest = now - KEEP_MS

    def page(self, wanted: Wanted, *, size: int = 50, cursor: str = "") -> Page:
        """
        Return the wanted deliveries from *cursor* on; fewer than *size* where many were looked at in vain.

        Raises:
            ValueError: The cursor is none of ours.
        """
        found: list[Delivery] = []
        candidates = self._merged(wanted, Place.read(cursor) if cursor else NEWEST)
        for looked, (place, delivery) in enumerate(self._read(candidates), 1):
            if wanted.admits(delivery):
                found.append(delivery)
            if len(found) == size or looked == MOST_LOOKED_AT:
                return Page(deliveries=found, cursor=str(place))
        return Page(deliveries=found)

    def find(self, delivery_id: str) -> Delivery | None:
        """Return the delivery of that id; None where there is none, or none any more."""
        outcome, _, rest = delivery_id.partition(":")
        source, _, name = rest.partition(":")
        if outcome in OUTCOMES:
            entry = self._entry(keys.traces(source, outcome), name)
            return None if entry is None else _of_trace(keys.traces(source, outcome), name, entry["trace"])
        record = self._inbox.get(name, source=source) if outcome in (ACCEPTED, QUARANTINED) and name else None
        return None if record is None else _of_record(record)

    def body(self, delivery: Delivery) -> str | None:
        """Return the body of a delivery; None where it was not kept."""
        if delivery.outcome in (ACCEPTED, QUARANTINED):
            record = self._inbox.get(delivery.event_id, source=delivery.source)
            return None if record is None else self._inbox.body(record)
        _, source, name = delivery.id.split(":", 2)
        entry = self._entry(keys.rejected_bodies(source), name)
        return None if entry is None else entry["body"]

    def _entry(self, stream: str, name: str) -> dict[str, str] | None:
        found: Any = self._redis.xrange(stream, name, name) if _ENTRY.fullmatch(name) else ()
        return found[0][1] if found else None

    def _merged(self, wanted: Wanted, before: Place) -> Iterator[tuple[Place, str]]:
        """Yield place and trace of each candidate, the newest first; of an event the trace is empty."""
        since = max(wanted.since, self._oldest)
        start = min(before, Place(max(wanted.until, 1), 0, ""))
        lines = [self._streamed(stream, since, start) for stream in self._streams(wanted)]
        if wanted.wants(ACCEPTED) or wanted.wants(QUARANTINED):
            sources = [wanted.source] if wanted.source else self._inbox.sources()
            lines += [self._accepted(source, since, start) for source in sources]
        return heapq.merge(*lines, reverse=True)

    def _streams(self, wanted: Wanted) -> Iterator[str]:
        known: Any = self._redis.zrange(keys.trace_streams(), 0, -1)
        for stream in known:
            source, outcome = keys.traced(stream)
            if wanted.source in ("", source) and wanted.wants(outcome):
                yield stream

    def _streamed(self, stream: str, since: int, before: Place) -> Iterator[tuple[Place, str]]:
        """Yield what stands in a stream before a place; by its key, what came at the same moment counts as before."""
        top = f"{'' if stream < before.key else '('}{before.ms}-{before.number}"
        while True:
            portion: Any = self._redis.xrevrange(stream, top, since, count=PORTION)
            for name, fields in portion:
                ms, _, number = name.partition("-")
                yield Place(int(ms), int(number), stream), fields["trace"]
            if len(portion) < PORTION:
                return
            top = f"({portion[-1][0]}"

    def _accepted(self, source: str, since: int, before: Place) -> Iterator[tuple[Place, str]]:
        for ms, key in self._inbox.accepted(Filter(source=source, since=since, until=before.ms + 1)):
            place = Place(int(ms), 0, key)
            if place < before:
                yield place, ""

    def _read(self, candidates: Iterator[tuple[Place, str]]) -> Iterator[tuple[Place, Delivery]]:
        while portion := list(itertools.islice(candidates, PORTION)):
            accepted = [place.key for place, trace in portion if not trace]
            records = {record.key: record for record in self._inbox.records(accepted)}
            for place, trace in portion:
                if trace:
                    yield place, _of_trace(place.key, f"{place.ms}-{place.number}", trace)
                elif place.key in records:
                    yield place, _of_record(records[place.key])


def as_json(found: Delivery) -> dict[str, Any]:
    """Return a delivery as JSON shows it; None where a thing is not known."""
    return {
        "id": found.id,
        "at": moment(found.at).isoformat(timespec="milliseconds"),
        "source": found.source,
        "outcome": found.outcome,
        "code": found.code,
        "status": found.status,
        "eventId": found.event_id or None,
        "detail": found.detail or None,
        "durationMs": found.duration_ms,
        "bytes": found.bytes,
        "remote": found.remote or None,
        "scheme": found.scheme or None,
        "more": found.more,
    }


def _of_trace(stream: str, name: str, text: str) -> Delivery:
    trace = _decode(text)
    source, outcome = keys.traced(stream)
    return Delivery(
        id=f"{outcome}:{source}:{name}",
        at=trace.at,
        source=trace.source,
        outcome=trace.outcome,
        code=trace.code,
        status=trace.status or None,
        event_id=trace.event_id,
        detail=trace.detail,
        duration_ms=trace.duration_ms,
        bytes=None if trace.bytes < 0 else trace.bytes,
        remote=trace.remote,
        scheme=trace.scheme,
        more=trace.more,
    )


def _of_record(record: Record) -> Delivery:
    # What was quarantined and never attempted died of its body; no attempt ends so without a plan but of such a one.
    outcome = QUARANTINED if record.reason == "payload_invalid" and record.plan is None else ACCEPTED
    return Delivery(
        id=f"{outcome}:{record.source}:{record.id}",
        at=record.accepted,
        source=record.source,
        outcome=outcome,
        code=outcome,
        event_id=record.id,
        detail=record.error if outcome == QUARANTINED else "",
        bytes=record.bytes or None,
        scheme=record.verdict.rpartition(":")[0],
    )
