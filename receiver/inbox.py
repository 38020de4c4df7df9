"""
Reading the inbox: single records, the time line of a source, dead letters. For operators' commands; writes nothing.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import redis

from . import keys
from .lifecycle import Status
from .record import Record

#: Events read from Redis at a time.
PAGE = 200
#: So far one looks for an event in its lane: a search takes the longer the longer the lane is.
_LOOKED_AT_IN_LANE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events are wanted; an empty field wants all. Times are milliseconds since 1970, *until* excluded."""

    source: str = ""
    type: str = ""
    subject: str = ""
    status: Status | None = None
    since: int = 0
    until: int = 1 << 52

    def admits(self, record: Record) -> bool:
        """Return whether a record is wanted; the time range is the caller's."""
        return (
            (not self.source or record.source == self.source)
            and (not self.type or record.type == self.type)
            and (not self.subject or record.subject == self.subject)
            and (self.status is None or record.status is self.status)
        )


class Inbox:
    """The inbox as its readers see it, over a blocking client that answers in text."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def sources(self) -> list[str]:
        """Return the name of every source that ever had an event."""
        return sorted(self._redis.smembers(keys.sources()))  # type: ignore[arg-type]

    def counts(self) -> dict[str, int]:
        """Return every counter, `source:what` to a number."""
        found: Mapping[str, str] = self._redis.hgetall(keys.counts())  # type: ignore[assignment]
        return {name: int(value) for name, value in found.items()}

    def get(self, event_id: str, *, source: str = "") -> Record | None:
        """Return the record of an event; without *source*, of the first source that has that id."""
        return next(self.known_as(event_id, source=source), None)

    def known_as(self, event_id: str, *, source: str = "") -> Iterator[Record]:
        """Yield the record of an event of that id from each source that has one, or from *source* alone."""
        names = [source] if source else self.sources()
        return self.records([keys.event(name, event_id) for name in names])

    def body(self, record: Record) -> str | None:
        """Return the delivered body as text; None where retention or an erasure took it."""
        return self._redis.get(keys.body(record.key))  # type: ignore[return-value]

    def bodies(self, records: Sequence[Record]) -> list[str | None]:
        """Return the bodies of records, as `body` does, in one go."""
        if not records:
            return []
        return self._redis.mget([keys.body(record.key) for record in records])  # type: ignore[return-value]

    def count(self, wanted: Filter) -> int:
        """Return how many events of the sources were accepted in the time range, whatever else is wanted of them."""
        names = [wanted.source] if wanted.source else self.sources()
        with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.zcount(keys.timeline(name), wanted.since, f"({wanted.until}")
            return sum(pipeline.execute())

    def records(self, event_keys: Sequence[str]) -> Iterator[Record]:
        """Yield the records that exist among *event_keys*, in their order."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in event_keys:
                pipeline.hgetall(key)
            answers = pipeline.execute()
        for key, fields in zip(event_keys, answers, strict=True):
            if fields.get("status"):
                yield Record.read(key, fields)

    def events(self, wanted: Filter, *, newest_first: bool = True) -> Iterator[Record]:
        """Yield the wanted events in the order of their acceptance, page by page."""
        names = [wanted.source] if wanted.source else self.sources()
        lines = [keys.timeline(name) for name in names]
        merged = self.merged(lines, wanted, newest_first=newest_first)
        yield from self._admitted((key for _, key in merged), wanted)

    def accepted(self, wanted: Filter) -> Iterator[tuple[float, str]]:
        """Yield when each event of a source was accepted, and its key, the newest first; only the times are asked."""
        return self._line(keys.timeline(wanted.source), wanted, newest_first=True)

    def merged(
        self, indexes: Iterable[str], wanted: Filter, *, newest_first: bool
    ) -> Iterator[tuple[float, str]]:
        """Yield time and key from several indexes as if they were one; of *wanted*, the time range is taken."""
        lines = [self._line(index, wanted, newest_first=newest_first) for index in indexes]
        return heapq.merge(*lines, reverse=newest_first)

    def dead_letters(self, wanted: Filter) -> Iterator[Record]:
        """Yield the wanted dead letters, the oldest death first; the time range is that of their death."""
        line = self._line(keys.dead(), wanted, newest_first=False)
        yield from self._admitted((key for _, key in line), wanted)

    def dead_keys(self, wanted: Filter) -> Iterator[str]:
        """Yield the key of each wanted dead letter, like `dead_letters`, without reading whole records."""
        found = (key for _, key in self._line(keys.dead(), wanted, newest_first=False))
        facts = [name for name in ("source", "type", "subject") if getattr(wanted, name)]
        values = [getattr(wanted, name) for name in facts]
        while page := list(itertools.islice(found, PAGE)):
            if not facts:
                yield from page
                continue
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in page:
                    pipeline.hmget(key, facts)
                answers = pipeline.execute()
            yield from (key for key, answer in zip(page, answers, strict=True) if answer == values)

    def count_dead(self, wanted: Filter) -> int:
        """Return how many dead letters are wanted."""
        if wanted.source or wanted.type or wanted.subject:
            return sum(1 for _ in self.dead_keys(wanted))
        return int(self._redis.zcount(keys.dead(), wanted.since, f"({wanted.until}"))

    def open_among(self, event_keys: Sequence[str]) -> set[str]:
        """Return which of the events are in flight."""
        if not event_keys:
            return set()
        scores: Sequence[float | None] = self._redis.zmscore(keys.open_events(), list(event_keys))
        return {key for key, score in zip(event_keys, scores, strict=True) if score is not None}

    def overdue_ms(self, now: int) -> int:
        """Return how long the lane that waits longest has been due and nobody took it; *now* in milliseconds."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for source in self.sources():
                pipeline.zrangebyscore(keys.ready(source), "-inf", now, start=0, num=1, withscores=True)
            first = [found[0][1] for found in pipeline.execute() if found]
        return max(0, now - int(min(first))) if first else 0

    def in_flight(self, *, since: int = 0) -> Iterator[str]:
        """Yield the key of every event in flight that was opened (accepted or replayed) at *since* or later."""
        yield from (key for _, key in self._line(keys.open_events(), Filter(since=since), newest_first=False))

    def lane(self, lane_key: str) -> list[str]:
        """Return the event keys that wait in a lane, the head first."""
        return self._redis.lrange(lane_key, 0, -1)  # type: ignore[return-value]

    def place_in_lane(self, record: Record) -> int | None:
        """Return the place of an event in its lane, 1 at the head; None where it is not among the first of one."""
        place: int | None = self._redis.lpos(record.lane, record.key, maxlen=_LOOKED_AT_IN_LANE)  # type: ignore[assignment]
        return None if place is None else place + 1

    def lanes(self) -> set[str]:
        """Return the key of every lane that holds events, found without the help of any index."""
        return set(self._redis.scan_iter(match=keys.lane("*", "*"), count=1000))

    def _admitted(self, found: Iterable[str], wanted: Filter) -> Iterator[Record]:
        page: list[str] = []
        for key in found:
            page.append(key)
            if len(page) == PAGE:
                yield from filter(wanted.admits, self.records(page))
                page.clear()
        yield from filter(wanted.admits, self.records(page))

    def _line(self, index: str, wanted: Filter, *, newest_first: bool) -> Iterator[tuple[float, str]]:
        """
        Yield time and key from an index, a page at a time.

        A page begins at the time where the last one ended, not at a count: whoever replays dead letters while reading
        them takes them out of the index.
        """
        begin: float | None = None
        seen: set[str] = set()
        while page := self._page(index, wanted, begin, PAGE + len(seen), newest_first=newest_first):
            fresh = [(score, key) for key, score in page if key not in seen]
            if not fresh:
                break
            yield from fresh
            begin = page[-1][1]
            seen = {key for key, score in page if score == begin}

    def _page(
        self, index: str, wanted: Filter, begin: float | None, size: int, *, newest_first: bool
    ) -> list[tuple[str, float]]:
        low, high = str(wanted.since), f"({wanted.until}"
        if newest_first:
            high = high if begin is None else f"{begin:.0f}"
            return self._redis.zrevrangebyscore(index, high, low, start=0, num=size, withscores=True)  # type: ignore[return-value]
        low = low if begin is None else f"{begin:.0f}"
        return self._redis.zrangebyscore(index, low, high, start=0, num=size, withscores=True)  # type: ignore[return-value]
