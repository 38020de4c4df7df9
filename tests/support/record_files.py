"""
What a version of orderhook left in Redis, as a file: written once by that version's own code, loaded ever after.

`python -m tests.support.record_files` writes the file of today's version, to be added when the version is raised.
A file holds every key of ours after `record_story.py`, how long each was still to be kept, and what its workers did.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from console.embedded import RedisServer
from receiver import keys, record
from tests.support import record_story
from tests.support.code import ROOT
from tests.support.events import identity

FOLDER = ROOT / "tests" / "workers" / "records"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """One file, read."""

    name: str
    version: int
    #: [action, event id, idempotency key] of everything the workers did.
    deeds: list[list[str]]
    keys: dict[str, dict[str, Any]]

    def load(self, client: "redis.Redis") -> None:
        """Put everything into an empty Redis, as if it had been there all the time."""
        for key, entry in self.keys.items():
            WRITERS[entry["type"]](client, key, entry["value"])
            if entry["ms"] > 0:
                client.pexpire(key, entry["ms"])


#: How each type is written back.
WRITERS: dict[str, Callable[["redis.Redis", str, Any], object]] = {
    "string": lambda client, key, value: client.set(key, value),
    "hash": lambda client, key, value: client.hset(key, mapping=value),
    "list": lambda client, key, value: client.rpush(key, *value),
    "set": lambda client, key, value: client.sadd(key, *value),
    "zset": lambda client, key, value: client.zadd(key, value),
}
#: How each type is read, in an order that does not change.
READERS: dict[str, Callable[["redis.Redis", str], Any]] = {
    "string": lambda client, key: client.get(key),
    "hash": lambda client, key: dict(sorted(client.hgetall(key).items())),
    "list": lambda client, key: client.lrange(key, 0, -1),
    "set": lambda client, key: sorted(client.smembers(key)),
    "zset": lambda client, key: dict(client.zrange(key, 0, -1, withscores=True)),
}


def files() -> list[RecordFile]:
    """Return every file, the oldest first."""
    return [read(path) for path in sorted(FOLDER.glob("*.json"))]


def read(path: Path) -> RecordFile:
    return RecordFile(name=path.stem, **json.loads(path.read_text()))


def dumped(client: "redis.Redis") -> dict[str, dict[str, Any]]:
    """Return every key of ours."""
    found = {}
    for key in sorted(client.scan_iter(f"{keys.PREFIX}*")):
        kind = client.type(key)
        found[key] = {"type": kind, "ms": client.pttl(key), "value": READERS[kind](client, key)}
    return found


def write(path: Path) -> None:
    """Tell the story in a Redis of its own, and write down what is there then."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(folder=Path(folder)).start()
        try:
            with server.client() as client:
                identity(client)
                deeds = record_story.tell(client, server.url)
                found = {"version": record.VERSION, "deeds": deeds, "keys": dumped(client)}
        finally:
            server.stop()
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / f"v{record.VERSION}.json")
