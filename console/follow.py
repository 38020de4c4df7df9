"""
Following the inbox: what has become known since the last look, event by event.

Looks at what was accepted or opened anew since the start and at what was seen open, never at the whole inbox.
So an event that is replayed and over again between two looks is not noticed: no index holds it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from receiver.inbox import Filter, Inbox
from receiver.lifecycle import IN_FLIGHT
from receiver.record import Record

from .story import Actions, Line, tell

#: How far back each look goes, in milliseconds, in case Redis' clock was set back a little.
_OVERLAP_MS = 100
#: Most events whose told lines are remembered.
_MAX_TOLD = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """
    A line of an event's story that was not told before.
    """

    record: Record
    line: Line


@dataclass(slots=True, kw_only=True)
class Follower:
    """
    Tells each line of the wanted events once; lines from before *since* (milliseconds) are not told.
    """

    inbox: Inbox
    wanted: Filter
    actions: Actions
    since: int
    #: Keys of the events that were in flight when last seen.
    open: set[str] = field(default_factory=set)
    told: dict[str, set[str]] = field(default_factory=dict)
    cursor: int = 0

    def look(self) -> list[News]:
        """
        Return what is new, in the order of time.
        """
        found = [news for record in self._seen().values() for news in self._news(record)]
        self._forget()
        return sorted(found, key=lambda news: (news.line.at, news.line.rank, news.record.accepted))

    def _seen(self) -> dict[str, Record]:
        since = max(self.since, self.cursor - _OVERLAP_MS)
        # Accepted or replayed since; the first list alone knows those that are over already.
        recent = self.inbox.events(Filter(source=self.wanted.source, since=since), newest_first=False)
        known = self.inbox.records(sorted(self.open | set(self.inbox.in_flight(since=since))))
        seen = {record.key: record for record in (*recent, *known) if self.wanted.admits(record)}
        self.open = {key for key, record in seen.items() if record.status in IN_FLIGHT}
        self.cursor = max([self.cursor, *(max(record.accepted, record.opened) for record in seen.values())])
        return seen

    def _news(self, record: Record) -> Iterator[News]:
        # Of an event that comes back by a replay only what is new since.
        since = (
            self.since if record.key in self.told or not record.replays else max(self.since, record.opened)
        )
        told = self.told.setdefault(record.key, set())
        for line in tell(record, self.actions):
            if line.key not in told and line.at >= since:
                yield News(record=record, line=line)
            told.add(line.key)

    def _forget(self) -> None:
        over = (key for key in list(self.told) if key not in self.open)
        for key in islice(over, max(0, len(self.told) - _MAX_TOLD)):
            del self.told[key]
