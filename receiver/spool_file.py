"""
The spool's file as a file: made, opened, written through to the disk, found again when somebody moved it.

Knows SQLite and the file system, and nothing of events.

A rollback journal, not WAL: before SQLite 3.51.3 two connections could corrupt a file in WAL mode ("WAL-reset bug"),
and the standard library brings what it brings. TRUNCATE with EXTRA syncs the journal, its folder, the file, and the
journal again once it is cut, all before COMMIT returns.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

#: Seconds to wait for another process that writes the same file.
BUSY_S = 5.0
#: What forgets everything at a restart of the machine.
FORGETFUL = frozenset({"tmpfs", "ramfs"})

# AUTOINCREMENT: a number is never given twice, so that a drain which was frozen for a while and then removes what it
# had read does not remove what came later under the same number.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, event BLOB NOT NULL
)
"""


class SpoolError(Exception):
    """
    An event cannot be kept in the spool.

    ├── SpoolFull     it holds as much as it may
    └── SpoolBroken   its disk or its file fails; an operator must act
    """


class SpoolFull(SpoolError):
    """The spool holds as much as it may; nothing more may be acknowledged before it is drained."""


class SpoolBroken(SpoolError):
    """The spool's disk or file fails; nothing may be acknowledged."""


class SpoolFile:
    """One SQLite file, opened when it is first needed; to be used by one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # SQLite's own locks keep processes apart, but whoever waits for one looks now and then, and may starve: this
        # one wakes the next in line.
        self._queue = path.with_suffix(".lock")
        self._place: int | None = None
        self._open: sqlite3.Connection | None = None
        self._inode = 0

    def connection(self) -> sqlite3.Connection:
        """Return the open file; a transaction of its own is the caller's business."""
        if self._open is not None and not self._is_in_place():
            self.close()
        if self._open is None:
            self._open = self._opened()
        return self._open

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """
        Yield the file inside a transaction, begun here if none is open, and commit: then it stands on the disk.

        Raises:
            SpoolBroken: It does not, as far as is known.
        """
        with self.reading() as connection:
            if not connection.in_transaction:
                self._begin(connection)
            yield connection
            connection.execute("COMMIT")
            self._next_in_line()

    def begin(self) -> None:
        """
        Begin a transaction, which `writing` will end.

        Raises:
            SpoolBroken: The file or its disk fails.
        """
        with self.reading() as connection:
            self._begin(connection)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """
        Yield the file. In trouble it is closed, what was begun is undone, and the next call opens it anew.

        Raises:
            SpoolBroken: The file or its disk fails.
        """
        try:
            yield self.connection()
        except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: what stands in it is none of ours
            self.close()
            raise SpoolBroken(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Close the file; what was begun and not committed is undone."""
        connection, self._open = self._open, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        place, self._place = self._place, None
        if place is not None:
            os.close(place)

    def _begin(self, connection: sqlite3.Connection) -> None:
        if self._place is None:
            self._place = os.open(self._queue, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._place, fcntl.LOCK_EX)
        connection.execute("BEGIN IMMEDIATE")

    def _next_in_line(self) -> None:
        if self._place is not None:
            fcntl.flock(self._place, fcntl.LOCK_UN)

    def _is_in_place(self) -> bool:
        """Return whether what is open is still what stands in the folder: a file that was deleted keeps nothing."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _opened(self) -> sqlite3.Connection:
        _make_private(self.path)
        self._inode = self.path.stat().st_ino
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = TRUNCATE")
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """
    Yield a file that is there, for those who only look: nothing of it is changed.

    Raises:
        SpoolBroken: It cannot be read.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            yield connection
    except (sqlite3.Error, OSError, ValueError) as error:
        raise SpoolBroken(f"{path}: {error}") from error


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is in use; what was removed leaves room that is used again."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the kind of file system that *path* is, or would be, on; empty where the machine does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    inside = [
        (where, kind) for _, where, kind, *_ in map(str.split, lines) if path.absolute().is_relative_to(where)
    ]
    return max(inside, key=lambda found: len(found[0]))[1] if inside else ""


def _make_private(path: Path) -> None:
    """Make the file and its folder for us alone, since bodies name customers, and sync every folder that changed."""
    if path.exists():
        return
    new = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for folder in (path.parent, *(folder.parent for folder in new)):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
