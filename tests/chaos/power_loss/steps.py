"""
All that a spool can be asked for, in one short life: for a process on the disk of `pages.c`, which kills it on the way.

Reads lines of a number and a folder. For each it forks a life in that folder that ends right before the call of that
number, and prints what this life had said (`acked IDS` when an event is in, `recorded IDS` when Redis would have it),
and then `killed`, or `whole` where there is no such call any more.
"""

import os
import sys
from pathlib import Path

from receiver import spool_store
from receiver.spool_store import Drained, SpoolStore
from tests.support.events import an_event

MAX_BYTES = 1 << 30


def live(folder: Path) -> None:
    """Two outages: what waits is drained in part, then to its end, which others have to wait for, then made small."""
    spool_store.SHRINK_BYTES = 0
    store = SpoolStore(folder, "shop", max_bytes=MAX_BYTES)
    store.prepare()
    add(store, 0, 1)
    add(store, 2, 3, 4)
    drain(store, 2)
    add(store, 5)
    store.begin()
    drain(store, 10)
    assert store.add([(an_event("6"), False)]) == [Drained()]
    add(store, 7, 8)
    drain(store, 10)
    store.shrink()
    add(store, 9)


def add(store: SpoolStore, *numbers: int) -> None:
    store.add([(an_event(str(number), body=bytes(3000 * number)), True) for number in numbers])
    say("acked", *map(str, numbers))


def drain(store: SpoolStore, limit: int) -> None:
    head = store.head(limit, MAX_BYTES)
    say("recorded", *(one.event.id for one in head))
    store.remove([one.seq for one in head])


def say(*words: str) -> None:
    """Print at once and in one piece, since nobody comes back to flush it."""
    os.write(sys.stdout.fileno(), " ".join(words).encode() + b"\n")


def main() -> None:
    for line in sys.stdin:
        number, folder = line.split()
        life = os.fork()
        if life == 0:
            os.environ["DISK_DIE_AT"] = number
            live(Path(folder))
            os._exit(0)
        _, status = os.waitpid(life, 0)
        say("killed" if os.WIFSIGNALED(status) else "whole" if status == 0 else "failed")


if __name__ == "__main__":
    main()
