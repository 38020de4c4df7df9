"""
The disk under a process that writes into the middle of its files, as `pages.c` plays it.

What was fsynced stays when the power goes; of what was written since, each page may be the old one or the new one, in
any mixture. So do lengths, and marks that nobody synced.
"""

import os
import random
from dataclasses import dataclass
from pathlib import Path

SHIM = Path(__file__).with_name("pages.c")
PAGE = 4096


@dataclass(slots=True, kw_only=True)
class Pages:
    """The part of a disk that a folder is on."""

    folder: Path
    library: Path
    #: Copies of what was synced, by inode.
    kept: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what a process needs to be on this disk."""
        names = {"LD_PRELOAD": self.library, "DISK_FOLDER": self.folder, "DISK_KEPT": self.kept}
        return os.environ | {name: str(value) for name, value in names.items()}

    def lose_power(self, chance: random.Random) -> int:
        """Leave of every file what a power loss may leave, once its process is dead; return how many pages were lost."""
        return sum(self._lose(path, chance) for path in sorted(self.folder.iterdir()))

    def _lose(self, path: Path, chance: random.Random) -> int:
        now = path.read_bytes()
        copy = self.kept / str(path.stat().st_ino)
        kept = copy.read_bytes() if copy.exists() else b""
        if now == kept:
            if not now and chance.random() < 0.5:
                path.unlink()  # a name that nobody synced; that of a file with content was, by its own rules
                copy.unlink(missing_ok=True)
            return 0
        worst = chance.random() < 0.5
        size = len(kept) if worst else chance.choice((len(kept), len(now)))
        pages = [
            (kept if worst or chance.random() < 0.5 else now)[at : at + PAGE].ljust(PAGE, b"\0")
            for at in range(0, size, PAGE)
        ]
        found = b"".join(pages)[:size]
        path.write_bytes(found)  # the same inode: what it holds now is what the disk holds
        copy.write_bytes(found)
        return sum(found[at : at + PAGE] != now[at : at + PAGE] for at in range(0, len(now), PAGE))
