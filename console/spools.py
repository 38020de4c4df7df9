"""
The spools of this machine, for commands that only look: a receiver on another machine has its own.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from receiver import spool_store
from receiver.spool_file import SpoolBroken
from receiver.spool_store import Standing

from .moments import stamp
from .settings import ConsoleSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    What was found of a source's spool; *standing* is None where it cannot be read, and *trouble* says why.
    """

    source: str
    path: Path
    standing: Standing | None
    trouble: str = ""

    @property
    def waiting(self) -> int:
        return self.standing.waiting if self.standing else 0

    @property
    def since(self) -> int:
        return self.standing.since if self.standing else 0

    def __str__(self) -> str:
        if self.trouble:
            return f"the spool cannot be read: {self.trouble}"
        return (
            f"{self.waiting} more wait in the spool {self.path} since {stamp(self.since)}, not yet accepted"
        )


def seen(settings: ConsoleSettings) -> list[Seen]:
    """
    Look at the spool of every source that has one.
    """
    return [
        _look(source, terms.spool, max_bytes=terms.spool_max_bytes)
        for source, terms in settings.sources.items()
        if terms.spool is not None
    ]


def where_waits(settings: ConsoleSettings, event_id: str, *, source: str = "") -> str:
    """
    Say in which spools an event waits, of one source or of any; empty where it waits in none that can be read.
    """
    said = []
    for name, terms in settings.sources.items():
        if terms.spool is None or source not in ("", name):
            continue
        with contextlib.suppress(SpoolBroken):
            if found := spool_store.look_for(terms.spool, name, event_id):
                path = spool_store.file_of(terms.spool, name)
                said.append(f"{event_id} of {name} waits in the spool {path} since {stamp(found.spooled)}")
    return "; ".join(said)


def _look(source: str, folder: Path, *, max_bytes: int) -> Seen:
    path = spool_store.file_of(folder, source)
    try:
        standing = spool_store.look(folder, source, max_bytes=max_bytes)
    except SpoolBroken as error:
        return Seen(source=source, path=path, standing=None, trouble=str(error))
    return Seen(source=source, path=path, standing=standing)
