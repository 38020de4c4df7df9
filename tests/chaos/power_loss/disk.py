"""
The disk under a Redis server, as `shim.c` plays it: what was fsynced stays when the power goes, the rest does not.

Owns the files of one server while that is down. Renames and new files count as kept, which is more than a real disk
promises, and what was written after the last sync is lost to the last byte, which is the worst that one does.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from console.embedded import RedisServer
from tests.support.system import descendants

SHIM = Path(__file__).with_name("shim.c")


def compiled(folder: Path, source: Path = SHIM) -> Path:
    """Compile a shim and return the library; where there is no compiler, the test that asks is skipped."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip(
            "no C compiler: `cc` is needed to play a disk that loses power (Debian: apt install gcc libc6-dev)"
        )
    library = folder / source.with_suffix(".so").name
    command = [
        compiler,
        "-O1",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(source),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return library


@dataclass(slots=True, kw_only=True)
class Disk:
    """A disk with one server on it."""

    server: RedisServer
    library: Path

    def start(self, *, slow_ms: int = 0) -> None:
        """Start the server; each fsync takes *slow_ms* longer than it does."""
        self.server.folder.mkdir(parents=True, exist_ok=True)
        # What a file holds when the machine comes up is what the disk holds.
        held = [f"{found.st_dev} {found.st_ino} {found.st_size}\n" for found in self._stats()]
        self._synced.write_text("".join(held))
        self.server.environment = {
            "LD_PRELOAD": str(self.library),
            "DISK_SYNCED": str(self._synced),
            "DISK_ROOM": str(self._room),
            "DISK_SLOW_MS": str(slow_ms),
        }
        self.server.start()
        # A server without files syncs those it makes; one that cannot be preloaded would show nothing.
        assert held or self._synced.read_text(), "the shim notes no sync: is this server linked statically?"

    def lose_power(self) -> int:
        """End the server and take from its files what was never fsynced; return how many bytes that were."""
        assert self.server.process is not None
        children = descendants(self.server.process.pid)  # one may be writing a snapshot
        self.server.kill()
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        kept = dict(self._lines())
        taken = 0
        for path in self._files():
            found = path.stat()
            size = min(found.st_size, kept.get((found.st_dev, found.st_ino), 0))
            with path.open("r+b") as file:
                file.truncate(size)
            taken += found.st_size - size
        return taken

    def restart(self) -> None:
        """Start the server anew as what supervises it would: after it has ended by itself, or in the place of it."""
        self.server.kill()
        self.start()

    def fill(self, *, room: int) -> None:
        """Let no file grow by more than *room* bytes beyond the largest one."""
        limit = max(found.st_size for found in self._stats()) + room
        unfinished = self._room.with_suffix(".new")
        unfinished.write_text(str(limit))
        unfinished.replace(self._room)

    def make_room(self) -> None:
        """Take the limit away."""
        self._room.unlink()

    @property
    def _synced(self) -> Path:
        return self.server.folder / "synced"

    @property
    def _room(self) -> Path:
        return self.server.folder / "room"

    def _files(self) -> list[Path]:
        """Return what the server keeps its data in: base, increments and manifest."""
        return sorted((self.server.folder / "appendonlydir").glob("*"))

    def _stats(self) -> Iterator[os.stat_result]:
        return (path.stat() for path in self._files())

    def _lines(self) -> Iterator[tuple[tuple[int, int], int]]:
        for line in self._synced.read_text().splitlines():
            device, inode, size = map(int, line.split())
            yield (device, inode), size
