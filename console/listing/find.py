"""
Finding the events of a page, by the cheapest way that there is for what is wanted.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import redis

from receiver import keys
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status

from ..odata import Facts
from .facts import facts
from .plan import Cursor, Wanted
from .ranks import Ranks, Span

#: An index that holds no more than so many is read whole, and sorted by the list's time.
MAX_CANDIDATES = 10_000
#: Events that are looked at for one page at most, and seconds.
MAX_LOOKED_AT = 10_000
MAX_SECONDS = 0.15
_PORTION = 500

_CUT_SHORT = (
    "no index serves this filter, so events are looked at one by one, and no more than so many for one page; `next` "
    "goes on behind them. A narrower time range finds more at once"
)
_NOT_COUNTED = "no index counts what this filter leaves; `next` is there as long as there is more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    The events of a page, by their keys; *total* is None where nobody counted.
    """

    events: Sequence[str]
    total: int | None
    more: Cursor | None = None
    partial: bool = False
    explanation: str = ""


#: An event and what is known of it: its time in the list, its key, and the facts.
Seen = tuple[int, str, Facts]


class Listing:
    """
    Lists of events, over a blocking client that answers in text.
    """

    def __init__(self, client: "redis.Redis", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._inbox = Inbox(client)
        self._clock = clock

    def events(self, wanted: Wanted) -> Found:
        """
        Return a page of all recorded events, in the order of their acceptance.
        """
        sources = wanted.sources(self._inbox.sources())
        candidates = self._candidates(wanted, sources)
        total = self._counted(wanted, sources)
        if candidates is not None:
            return self._among(candidates, wanted, total)
        lines = [keys.timeline(name) for name in sources]
        if wanted.cursor is None and wanted.is_served_by("source", wanted.time):
            return self._by_rank(lines, wanted)
        return self._looked_through(self._along(lines, wanted), wanted, total)

    def dead_letters(self, wanted: Wanted) -> Found:
        """
        Return a page of the dead letters, in the order of their death.
        """
        if wanted.cursor is None and wanted.is_served_by(wanted.time):
            return self._by_rank([keys.dead()], wanted)
        return self._looked_through(self._along([keys.dead()], wanted), wanted, None)

    def _candidates(self, wanted: Wanted, sources: Sequence[str]) -> list[str] | None:
        """
        Return the keys of all events that can be wanted, where they are few and an index knows them.
        """
        if wanted.event_ids:
            return [keys.event(source, one) for source in sources for one in wanted.event_ids]
        if wanted.search and (exact := self._of_id(wanted.search, sources)):
            return exact
        if wanted.dead_only:
            return self._whole(keys.dead(), sources)
        if wanted.in_flight_only:
            return self._whole(keys.open_events(), sources)
        return None

    def _of_id(self, text: str, sources: Sequence[str]) -> list[str]:
        named = [keys.event(source, text) for source in sources]
        with self._redis.pipeline(transaction=False) as pipeline:
            for key in named:
                pipeline.exists(key)
            return [key for key, there in zip(named, pipeline.execute(), strict=True) if there]

    def _whole(self, index: str, sources: Sequence[str]) -> list[str] | None:
        """
        Return the events of these sources in an index that all share; None where it holds too many to read.
        """
        found: list[str] = self._redis.zrange(index, 0, MAX_CANDIDATES)  # type: ignore[assignment]
        if len(found) > MAX_CANDIDATES:
            return None
        return [key for key in found if keys.event_source(key) in sources]

    def _among(self, candidates: Sequence[str], wanted: Wanted, total: int | None) -> Found:
        """
        Return a page of those that are wanted among a few events, by what their time lines and then their records say.
        """
        since, until = _range(wanted)
        times = ((at, key) for at, key in self._accepted(candidates) if since <= at < until)
        ordered = sorted(times, reverse=wanted.newest_first)
        if wanted.dead_only and wanted.is_served_by("source", "status", wanted.time):
            return _cut(ordered, wanted)
        return self._looked_through(ordered, wanted, total)

    def _accepted(self, candidates: Sequence[str]) -> list[tuple[int, str]]:
        """
        Return the events that are on record among these, with the times of their acceptance: one command per source.
        """
        by_source: dict[str, list[str]] = {}
        for key in candidates:
            by_source.setdefault(keys.event_source(key), []).append(key)
        with self._redis.pipeline(transaction=False) as pipeline:
            for source, found in by_source.items():
                pipeline.zmscore(keys.timeline(source), found)
            answers = pipeline.execute()
        return [
            (int(at), key)
            for found, times in zip(by_source.values(), answers, strict=True)
            for key, at in zip(found, times, strict=True)
            if at is not None
        ]

    def _by_rank(self, lines: Sequence[str], wanted: Wanted) -> Found:
        ranks = Ranks(self._redis, lines, Span(since=wanted.since, until=wanted.until))
        found = ranks.page(offset=wanted.offset, size=wanted.size, newest_first=wanted.newest_first)
        return Found(events=found, total=ranks.count())

    def _counted(self, wanted: Wanted, sources: Sequence[str]) -> int | None:
        """
        Return how many events are wanted where the counters know: by source and status alone.
        """
        if not wanted.is_served_by("source", "status"):
            return None
        statuses = [status for status in Status if wanted.statuses is None or status.value in wanted.statuses]
        counts = self._inbox.counts()
        return sum(
            counts.get(f"{source}:{status}", 0) - counts.get(f"{source}:retired.{status}", 0)
            for source in sources
            for status in statuses
        )

    def _looked_through(self, ordered: Iterable[tuple[int, str]], wanted: Wanted, total: int | None) -> Found:
        """
        Look at one event after the other until the page is full, or enough were looked at.
        """
        page: list[tuple[int, str]] = []
        matched, last, looked_at, end = 0, wanted.cursor, 0, self._clock() + MAX_SECONDS
        for portion in self._portions(ordered, wanted):
            for at, key, known in portion:
                last = Cursor(at=at, key=key)
                if wanted.admits(known):
                    matched += 1
                    page += [(at, key)] if matched > wanted.offset else []
                if len(page) == wanted.size:
                    return self._full(page, last, total)
            looked_at += _PORTION
            if looked_at >= MAX_LOOKED_AT or self._clock() > end:
                found = [key for _, key in page]
                return Found(events=found, total=total, more=last, partial=True, explanation=_CUT_SHORT)
        whole = matched if wanted.cursor is None else total
        explanation = "" if whole is not None else _NOT_COUNTED
        return Found(events=[key for _, key in page], total=whole, explanation=explanation)

    def _full(self, page: Sequence[tuple[int, str]], last: Cursor, total: int | None) -> Found:
        explanation = "" if total is not None else _NOT_COUNTED
        return Found(events=[key for _, key in page], total=total, more=last, explanation=explanation)

    def _along(self, lines: Sequence[str], wanted: Wanted) -> Iterator[tuple[int, str]]:
        """
        Yield time and key of every event of these lines in the range that is asked for, in its order.
        """
        since, until = _range(wanted)
        merged = self._inbox.merged(lines, Filter(since=since, until=until), newest_first=wanted.newest_first)
        return ((int(at), key) for at, key in merged)

    def _portions(self, ordered: Iterable[tuple[int, str]], wanted: Wanted) -> Iterator[list[Seen]]:
        """
        Yield the events behind the cursor with what is known of them; those that are gone are left out.
        """
        rest = (one for one in ordered if _is_behind(one, wanted))
        while found := list(islice(rest, _PORTION)):
            told = facts(self._redis, [key for _, key in found], wanted.fields)
            pairs = zip(found, told, strict=True)
            yield [(at, key, {**known, wanted.time: at}) for (at, key), known in pairs if known is not None]


def _cut(ordered: Sequence[tuple[int, str]], wanted: Wanted) -> Found:
    """
    Return the page of events that are all wanted.
    """
    behind = [one for one in ordered if _is_behind(one, wanted)]
    page = behind[wanted.offset : wanted.offset + wanted.size]
    goes_on = wanted.offset + wanted.size < len(behind)
    return Found(
        events=[key for _, key in page],
        total=len(ordered) if wanted.cursor is None else None,
        more=Cursor(at=page[-1][0], key=page[-1][1]) if goes_on else None,
    )


def _range(wanted: Wanted) -> tuple[int, int]:
    since, until = wanted.since, wanted.until
    if wanted.cursor is not None:
        at = wanted.cursor.at
        since, until = (since, min(until, at + 1)) if wanted.newest_first else (max(since, at), until)
    return since, until


def _is_behind(one: tuple[int, str], wanted: Wanted) -> bool:
    if wanted.cursor is None:
        return True
    place = (wanted.cursor.at, wanted.cursor.key)
    return one < place if wanted.newest_first else one > place
