"""
Following the inbox: what has become known since the last look, event by event.

Looks at what was accepted or opened anew since the start and at what was seen open, never at the whole inbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from receiver.inbox import Filter, Inbox
from receiver.lifecycle import IN_FLIGHT
from receiver.record import Record

from .story import Actions, Line, tell

#: How far back each look goes, in milliseconds: a commit may become visible a little after its time.
_OVERLAP_MS = 2_000


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
    #: Records of the events that were in flight when last seen, and of those that are over.
    open: set[str] = field(default_factory=set)
    told: dict[str, set[str]] = field(default_factory=dict)
    cursor: int = 0

    def look(self) -> list[News]:
        """
        Return what is new, in the order of time.
        """
        found = [news for record in self._changed() for news in self._untold(record)]
        return sorted(found, key=lambda news: (news.line.at, news.line.rank, news.record.accepted))

    def _changed(self) -> Iterator[Record]:
        for record in self.inbox.records(sorted(self._keys())):
            if not self.wanted.admits(record):
                continue
            self.cursor = max(self.cursor, record.accepted, record.opened)
            if record.status in IN_FLIGHT:
                self.open.add(record.key)
            else:
                self.open.discard(record.key)
            yield record

    def _keys(self) -> set[str]:
        since = max(self.since, self.cursor - _OVERLAP_MS)
        accepted = self.inbox.keys(Filter(source=self.wanted.source, since=since))
        return self.open | set(accepted) | set(self.inbox.in_flight(since=since))

    def _untold(self, record: Record) -> Iterator[News]:
        told = self.told.setdefault(record.key, set())
        for line in tell(record, self.actions):
            if line.key not in told and line.at >= self.since:
                yield News(record=record, line=line)
            told.add(line.key)
