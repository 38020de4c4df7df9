"""
Pages of one or several time lines by rank: as if they were one sorted set, without reading what lies before the page.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """
    A range of time in milliseconds, *until* excluded.
    """

    since: int
    until: int


class Ranks:
    """
    Several time lines, sorted sets of event keys by time, over a blocking client that answers in text.
    """

    def __init__(self, client: "redis.Redis", lines: Sequence[str], span: Span) -> None:
        self._redis = client
        self._lines = lines
        self._span = span

    def count(self, since: int | None = None) -> int:
        """
        Return how many events there are in the span, from *since* on if it is given; a logarithmic step per line.
        """
        low = self._span.since if since is None else since
        with self._redis.pipeline(transaction=False) as pipeline:
            for line in self._lines:
                pipeline.zcount(line, low, f"({self._span.until}")
            return sum(pipeline.execute())

    def page(self, *, offset: int, size: int, newest_first: bool) -> list[str]:
        """
        Return the keys of a page.
        """
        if newest_first:
            return list(self._newest(offset, size))
        # The oldest from *offset* on are, seen from the other end, the last ones before that place.
        end = self.count() - offset
        begin = max(0, end - size)
        return list(reversed(list(self._newest(begin, end - begin)))) if end > begin else []

    def _newest(self, offset: int, size: int) -> Iterator[str]:
        at = self._time_at(offset)
        if at is None:
            return iter(())
        # Those later than that lie before the page; those of that very millisecond, in part.
        skipped = offset - self.count(at + 1)
        merged = heapq.merge(*self._down_from(at, skipped + size), reverse=True)
        return (key for _, key in islice(merged, skipped, skipped + size))

    def _time_at(self, offset: int) -> int | None:
        """
        Return the time of the event at that rank, counted from the newest: found by halving, some thirty steps.
        """
        if self.count() <= offset:
            return None
        low, high = self._ends()
        while low < high:
            middle = (low + high + 1) // 2
            if self.count(middle) > offset:
                low = middle
            else:
                high = middle - 1
        return low

    def _ends(self) -> tuple[int, int]:
        """
        Return the first and the last time in the span, or bounds outside of them.
        """
        low, high = str(self._span.since), f"({self._span.until}"
        with self._redis.pipeline(transaction=False) as pipeline:
            for line in self._lines:
                pipeline.zrangebyscore(line, low, high, start=0, num=1, withscores=True)
                pipeline.zrevrangebyscore(line, high, low, start=0, num=1, withscores=True)
            found = [int(pairs[0][1]) for pairs in pipeline.execute() if pairs]
        return min(found, default=self._span.since), max(found, default=self._span.since)

    def _down_from(self, at: int, number: int) -> list[list[tuple[float, str]]]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for line in self._lines:
                pipeline.zrevrangebyscore(line, at, self._span.since, start=0, num=number, withscores=True)
            return [[(score, key) for key, score in pairs] for pairs in pipeline.execute()]
