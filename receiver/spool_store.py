"""
What is in a source's spool: events in the order in which they came, until Redis has accepted them.

One file for each source, shared by the receivers of a machine. Knows nothing of Redis or of an event loop: every call
here waits for the disk, so each belongs into a thread, and always into the same one; `waiting` alone waits for nobody.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .accept import NewEvent, Outcome, Recorded
from .spool_file import SpoolBroken, SpoolFile, SpoolFull, looking, used_bytes

#: What an event takes in the file beside its body: its other fields, the index, half-filled pages.
OVERHEAD_BYTES = 1024
#: A file that is empty again and larger than this is cut to nothing.
SHRINK_BYTES = 4 * 1024 * 1024

_HEAD = "SELECT seq, event FROM events ORDER BY seq LIMIT ?"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(NewEvent).decode


@dataclass(frozen=True, slots=True)
class Drained:
    """Nothing waits any more that the event would have had to stay behind: it belongs into Redis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """An event in the spool and its number there."""

    seq: int
    event: NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a spool stands; *since* is when the oldest waiting event came, in milliseconds, 0 where none waits."""

    waiting: int = 0
    since: int = 0
    used_bytes: int = 0
    max_bytes: int

    @property
    def full(self) -> bool:
        """Return whether not even a small event fits in."""
        return self.used_bytes + OVERHEAD_BYTES > self.max_bytes


Kept = Recorded | Drained | SpoolFull
"""What became of an event that was to be kept."""


class SpoolStore:
    """The spool of one source; nothing is opened before it is needed."""

    def __init__(self, folder: Path, source: str, *, max_bytes: int) -> None:
        self._file = SpoolFile(file_of(folder, source))
        # While events wait there is this file too: asking for it costs a microsecond.
        self._mark = folder / f"{source}.waiting"
        self._max_bytes = max_bytes

    @property
    def waiting(self) -> bool:
        """
        Return whether something waits, put there by whichever receiver of this machine.

        The mark is set before what waits is committed, and taken away only after Redis has accepted all of it.
        """
        return self._mark.exists()

    def prepare(self) -> None:
        """
        Make the file where there is none, prove that it can be written, and mark what an earlier process left.

        Raises:
            SpoolBroken: It cannot be used.
        """
        with self._file.writing() as connection:
            # A real write, though nothing changes: a disk that has become read-only can still be read.
            connection.execute("PRAGMA user_version = 1")
            if _waits(connection):
                self._set_mark()

    def add(self, events: Sequence[tuple[NewEvent, bool]]) -> list[Kept]:
        """
        Keep events, in one commit, and return for each what became of it.

        Args:
            events: Each with whether it must be kept even where nothing waits, since Redis has just not taken it.

        Raises:
            SpoolBroken: None of them was kept, as far as is known.
        """
        with self._file.writing() as connection:
            room = self._max_bytes - used_bytes(connection)
            answers: list[Kept] = []
            for new, must in events:
                answers.append(self._add(connection, new, must=must, room=room))
                if is_new(answers[-1]):
                    room -= len(new.body) + OVERHEAD_BYTES
        return answers

    def _add(self, connection: sqlite3.Connection, new: NewEvent, *, must: bool, room: int) -> Kept:
        if not self.waiting:
            if not must:
                return Drained()
            self._set_mark()
        known = connection.execute("SELECT digest FROM events WHERE id = ?", (new.id,)).fetchone()
        if known is not None:
            return Recorded(Outcome.DUPLICATE if known[0] == new.digest else Outcome.ALTERED, new.id)
        if len(new.body) + OVERHEAD_BYTES > room:
            return SpoolFull(f"it may hold {self._max_bytes} bytes, and has no room for this event")
        connection.execute(
            "INSERT INTO events (id, digest, event) VALUES (?, ?, ?)", (new.id, new.digest, _encode(new))
        )
        return Recorded(Outcome.QUARANTINED if new.quarantine else Outcome.ACCEPTED, new.id, "spooled")

    def head(self, limit: int, max_bytes: int) -> list[Spooled]:
        """
        Return the events that have waited longest, in their order: at least one, if any waits.

        Raises:
            SpoolBroken: The file cannot be read.
        """
        with self._file.reading() as connection:
            found: list[Spooled] = []
            size = 0
            # Closed before its end, or it would keep others from committing.
            with contextlib.closing(connection.execute(_HEAD, (limit,))) as rows:
                for seq, event in rows:
                    size += len(event)
                    if found and size > max_bytes:
                        break
                    found.append(Spooled(seq=seq, event=_decode(event)))
            return found

    def begin(self) -> None:
        """
        Keep every process from adding, until `remove` or `close`.

        Raises:
            SpoolBroken: The file cannot be written.
        """
        self._file.begin()

    def remove(self, seqs: Sequence[int]) -> bool:
        """
        Take out what Redis has accepted, and return whether nothing is left. Ends what `begin` began.

        Raises:
            SpoolBroken: They are still there; accepted once more, they are duplicates.
        """
        try:
            with self._file.writing() as connection:
                connection.executemany("DELETE FROM events WHERE seq = ?", [(seq,) for seq in seqs])
                left = _waits(connection)
                if not left:
                    # Before the commit, while nobody else can add: all that was here stands in Redis already.
                    self._mark.unlink(missing_ok=True)
        except SpoolBroken:
            self._set_mark()
            raise
        return not left

    def shrink(self) -> None:
        """
        Give an empty spool's room back to the disk, and with it what could still be read of its events there.

        Raises:
            SpoolBroken: It cannot be written.
        """
        with self._file.reading() as connection:
            if not _waits(connection) and self._file.path.stat().st_size > SHRINK_BYTES:
                connection.execute("VACUUM")

    def standing(self) -> Standing:
        """
        Return how the spool stands.

        Raises:
            SpoolBroken: The file cannot be read.
        """
        with self._file.reading() as connection:
            return _standing(connection, self._max_bytes)

    def close(self) -> None:
        """Close the file; what was begun and not finished is undone."""
        self._file.close()

    def _set_mark(self) -> None:
        try:
            self._mark.touch(mode=0o600)
        except OSError as error:
            raise SpoolBroken(f"{self._mark}: {error}") from error


def file_of(folder: Path, source: str) -> Path:
    """Return the file of a source's spool."""
    return folder / f"{source}.sqlite3"


def look(folder: Path, source: str, *, max_bytes: int) -> Standing:
    """
    Return how a spool stands without changing anything, for those who only look.

    Raises:
        SpoolBroken: The file is there and cannot be read.
    """
    path = file_of(folder, source)
    if not path.exists():
        return Standing(max_bytes=max_bytes)
    with looking(path) as connection:
        return _standing(connection, max_bytes)


def look_for(folder: Path, source: str, event_id: str) -> NewEvent | None:
    """
    Return an event where it waits, without changing anything.

    Raises:
        SpoolBroken: The file is there and cannot be read.
    """
    path = file_of(folder, source)
    if not path.exists():
        return None
    with looking(path) as connection:
        found = connection.execute("SELECT event FROM events WHERE id = ?", (event_id,)).fetchone()
        return None if found is None else _decode(found[0])


def _standing(connection: sqlite3.Connection, max_bytes: int) -> Standing:
    first = connection.execute(_HEAD, (1,)).fetchone()
    (waiting,) = connection.execute("SELECT count(*) FROM events").fetchone()
    return Standing(
        waiting=waiting,
        since=_decode(first[1]).spooled if first else 0,
        used_bytes=used_bytes(connection),
        max_bytes=max_bytes,
    )


def _waits(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM events LIMIT 1").fetchone() is not None


def is_new(answer: Kept) -> bool:
    """Return whether the event was put into the spool, and was not there before."""
    return isinstance(answer, Recorded) and answer.outcome in (Outcome.ACCEPTED, Outcome.QUARANTINED)
