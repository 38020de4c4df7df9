"""
The console's REST API over many recorded events: `python -m benchmarks.console [EVENTS]`, 1,000,000 by default.

One `orderhook console` process, one connection, each kind of call in turn; the time is what the caller waits.
"""

import argparse
import contextlib
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from console.embedded import RedisServer, free_port
from console.scopes import Scope
from console.tokens import Tokens

from .filling import Filled, fill
from .processes import OTHERS, SUBJECT, on_core, start
from .tables import Table

ROUNDS = 40
CONFIG = """\
redis_url = "{redis_url}"
[console]
port = {port}
calls_per_minute = 1_000_000
"""


def calls(events: int) -> Mapping[str, str]:
    """Return each kind of call and its path."""

    def listed(**parameters: object) -> str:
        query = "&".join(f"{quote(name)}={quote(str(value))}" for name, value in parameters.items())
        return f"/api/v1/events?{query}"

    middle = Filled.event_id(events // 2)
    return {
        "newest page of 50": listed(),
        "newest page of 100": listed(PageSize=100),
        "a page in the middle": listed(Page=events // 100),
        "the oldest page": listed(**{"$orderby": "acceptedAt asc"}),
        "one source": listed(**{"$filter": "source eq 'shop'"}),
        "one source, a page in the middle": listed(Page=events // 400, **{"$filter": "source eq 'shop'"}),
        "dead letters by status (0.5 %)": listed(**{"$filter": "status eq 'dead'"}),
        "in flight (0.25 %)": listed(**{"$filter": "status in ('pending','running','retrying')"}),
        "a common status": listed(**{"$filter": "status eq 'succeeded'"}),
        "a status of 2 %": listed(**{"$filter": "status eq 'ignored'"}),
        "type and source": listed(**{"$filter": "type eq 'order.created' and source eq 'shop'"}),
        "a subject (3 events; partial)": listed(**{"$filter": f"subject eq 'order-{events // 6}'"}),
        "a rare reason (partial)": listed(**{"$filter": "reason eq 'order_gone'"}),
        "search: an event id": listed(**{"$search": middle}),
        "search: a word (partial)": listed(**{"$search": "nowhere"}),
        "one event": f"/api/v1/events/{middle}",
        "/dead-letters": "/api/v1/dead-letters",
        "/dead-letters by a subject": listed(**{"$filter": "subject eq 'x'"}).replace(
            "events", "dead-letters"
        ),
        "/sources": "/api/v1/sources",
        "/audit": "/api/v1/audit",
        "/metrics": "/metrics",
    }


def measure(events: int) -> Table:
    """Fill a Redis, start a console, and call."""
    with tempfile.TemporaryDirectory(prefix="orderhook-bench-") as folder, _redis(Path(folder)) as server:
        with redis.Redis.from_url(server.url, decode_responses=True, retry=Retry(NoBackoff(), 0)) as client:
            begun = time.monotonic()
            for done in fill(client, events):
                if done % 100_000 == 0:
                    print(f"{done:,} events", file=sys.stderr)
            seconds, _ = client.time()
            token, _ = Tokens(client).create("bench", Scope.ADMIN, by="bench", now=int(seconds) * 1000)
            used = client.info("memory")["used_memory"]
            print(f"filled in {time.monotonic() - begun:.0f} s, {used / 1e6:,.0f} MB", file=sys.stderr)
        rows = _called(Path(folder), server, token, calls(events))
    return Table(
        title=f"Console: {events:,} events",
        about=f"Milliseconds that a caller waits, {ROUNDS} calls of each kind over one connection.",
        columns=("status", "p50 ms", "p95 ms", "max ms", "kB"),
        rows=rows,
    )


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[RedisServer]:
    with on_core(OTHERS):
        server = RedisServer(
            folder=folder / "redis", appendfsync="no", options=["--save", "", "--appendonly", "no"]
        )
        server.start()
    try:
        yield server
    finally:
        server.kill()  # what it holds is not worth a save


def _called(folder: Path, server: RedisServer, token: str, paths: Mapping[str, str]) -> dict[str, list[str]]:
    port, config = free_port(), folder / "orderhook.toml"
    config.write_text(CONFIG.format(redis_url=server.url, port=port))
    environ = {"ORDERHOOK_CONFIG": str(config)}
    running = start(
        "console.cli", "console", log=folder / "console.log", place=SUBJECT, environ=environ, port=port
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        return {name: _timed(connection, path, token) for name, path in paths.items()}
    finally:
        connection.close()
        running.stop()


def _timed(connection: http.client.HTTPConnection, path: str, token: str) -> list[str]:
    took, status, size = [], 0, 0
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        size = len(answer.read())
        took.append((time.perf_counter() - begun) * 1000)
        status = answer.status
    p95 = statistics.quantiles(took, n=20)[-1]
    return [
        str(status),
        f"{statistics.median(took):.1f}",
        f"{p95:.1f}",
        f"{max(took):.1f}",
        f"{size / 1000:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("events", nargs="?", type=int, default=1_000_000, help="1,000,000 by default")
    print(measure(parser.parse_args().events))


if __name__ == "__main__":
    main()
