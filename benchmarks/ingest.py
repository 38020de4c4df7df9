"""
Ingest: `POST /webhooks/{source}`, 1.4 kB of signed JSON, distinct ids and orders, 32 connections, one server process.
"""

import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from console.embedded import RedisServer, free_port
from receiver import keys

from .deliveries import SECRET
from .processes import OTHERS, SUBJECT, Running, on_core, start, wait_until
from .tables import Loss, Table, ratio, spread

CONNECTIONS = 32
#: More than any server here takes in a second, so that the load never runs out of requests.
MOST_PER_S = 45_000

CONFIG = """\
redis_url = "{redis_url}"
[receiver]
port = {port}
[sources.shop]
scheme = {{ type = "standard-webhooks", secrets = ["{secret}"] }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server that takes deliveries."""

    name: str
    server: str
    appendfsync: str = "always"
    #: The package without which it is left out.
    needs: str = "starlette"


BARE = Contender(name="bare Starlette route: reads the body, 202", server="bare")
OURS = Contender(name="orderhook, appendfsync always", server="orderhook")
RELAXED = Contender(name="orderhook, no append-only file", server="orderhook", appendfsync="")
PEERS = (
    Contender(name="FastAPI, SET NX + rq enqueue, appendfsync always", server="rq", needs="fastapi"),
    Contender(name="FastAPI, SET NX + Celery task, appendfsync always", server="celery", needs="celery"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One contender in one round."""

    per_s: float
    p50_ms: float
    p99_ms: float
    #: Of the server process, in microseconds per request.
    cpu_us: float


@dataclass(slots=True, kw_only=True)
class Stand:
    """A contender's server and Redis, kept running through all rounds."""

    contender: Contender
    port: int
    redis: RedisServer
    server: Running

    def measure(self, seconds: float, run: str) -> Result:
        """
        Let the load run for some seconds.

        Raises:
            Loss: An answer was not a success, or what was acknowledged is not in Redis.
        """
        arguments = (self.port, CONNECTIONS, seconds, int(MOST_PER_S * seconds), run)
        with on_core(OTHERS):
            load = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.load", *map(str, arguments)],
                stdout=subprocess.PIPE,
                text=True,
            )
        with load:
            load.stdout.readline()
            before = self.server.cpu_s()
            lines = load.stdout.read().splitlines()
            used = self.server.cpu_s() - before
        if load.returncode or not lines:
            self.server.fail(f"the load on {self.contender.name} ended with {load.returncode}")
        report = json.loads(lines[-1])
        self._check(report["answers"])
        self._empty()
        return Result(
            per_s=report["per_s"],
            p50_ms=report["p50_ms"],
            p99_ms=report["p99_ms"],
            cpu_us=used / report["measured"] * 1e6,
        )

    def _check(self, answers: dict[str, int]) -> None:
        """Hold what was acknowledged against what Redis has; a 503 promises nothing, and may have been recorded."""
        acknowledged, refused = answers.get("202", 0), answers.get("503", 0)
        if not acknowledged or acknowledged + refused != sum(answers.values()):
            raise Loss(f"{self.contender.name}: expected 202 for every delivery, the answers were {answers}")
        if self.contender.server != "orderhook":
            return
        with self.redis.client() as client:
            places = {
                "counted": int(client.hget(keys.counts(), "shop:accepted") or 0),
                "records": client.zcard(keys.timeline("shop")),
                "in flight": client.zcard(keys.open_events()),
                "lanes ready": client.zcard(keys.ready("shop")),
            }
        if len(set(places.values())) > 1 or not 0 <= places["records"] - acknowledged <= refused:
            raise Loss(f"{self.contender.name}: the answers were {answers}, Redis has {places}")

    def _empty(self) -> None:
        with self.redis.client() as client:
            identity = client.get(keys.identity())
            client.flushall()
            if identity:  # for the receiver it is the same Redis still
                client.set(keys.identity(), identity)
            if self.contender.appendfsync:
                client.bgrewriteaof()  # else the files of all rounds would pile up
                wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], 10)


@contextlib.contextmanager
def stand(contender: Contender, folder: Path) -> Iterator[Stand]:
    """Start a contender, and end it."""
    folder.mkdir()
    redis, port = _redis(contender, folder / "redis"), free_port()
    config = folder / "orderhook.toml"
    config.write_text(CONFIG.format(redis_url=redis.url, port=port, secret=SECRET))
    with on_core(OTHERS):
        redis.start()
    try:
        server = start(
            *("benchmarks.servers", contender.server, str(port), redis.url),
            log=folder / "server.log",
            place=SUBJECT,
            environ={"ORDERHOOK_CONFIG": str(config)},
            port=port,
        )
        try:
            yield Stand(contender=contender, port=port, redis=redis, server=server)
        finally:
            server.stop()
    finally:
        redis.stop()


def _redis(contender: Contender, folder: Path) -> RedisServer:
    # A rewrite of the file in the middle of a round would be measured with whoever happens to run.
    options = ["--auto-aof-rewrite-percentage", "0"]
    if not contender.appendfsync:
        return RedisServer(folder=folder, appendfsync="no", options=[*options, "--appendonly", "no"])
    return RedisServer(folder=folder, appendfsync=contender.appendfsync, options=options)


def available(contenders: Sequence[Contender]) -> tuple[list[Contender], list[Contender]]:
    """Return those whose packages are installed, and those that must be left out."""
    there = [each for each in contenders if importlib.util.find_spec(each.needs)]
    return there, [each for each in contenders if each not in there]


def measure(folder: Path, *, short: bool, rounds: int, say) -> Table:
    """Run all contenders by turns."""
    contenders, missing = available((BARE, OURS, *(() if short else (RELAXED, *PEERS))))
    results: dict[Contender, list[Result]] = {each: [] for each in contenders}
    with contextlib.ExitStack() as stack:
        stands = [stack.enter_context(stand(each, folder / str(n))) for n, each in enumerate(contenders)]
        for turn in range(rounds):
            for each in stands:
                result = each.measure(1.0 if short else 3.0, run=f"{turn}")
                results[each.contender].append(result)
                say(f"  round {turn + 1}: {each.contender.name}: {result.per_s:,.0f}/s")
                time.sleep(0.2)
    return _table(results, missing)


def _table(results: dict[Contender, list[Result]], missing: Sequence[Contender]) -> Table:
    return Table(
        title="Ingest",
        about=f"`POST /webhooks/{{source}}`, 1.4 kB of signed JSON, distinct ids and orders, {CONNECTIONS} keep-alive "
        "connections, one server process. orderhook runs as it ships: signature, dedupe, record, lane, wake-up, "
        "answered after Redis has answered, one log line per delivery to a file.",
        columns=("requests/s", "lowest–highest", "÷ bare", "CPU µs", "p50 ms", "p99 ms"),
        rows={each.name: _cells(found, results, BARE) for each, found in results.items()},
        notes=(
            *_ratios(results),
            *(f"Left out, since {each.needs} is not installed: {each.name}." for each in missing),
        ),
    )


def _cells(
    found: Sequence[Result], results: dict[Contender, list[Result]], base: Contender
) -> tuple[str, ...]:
    rate, between = spread([each.per_s for each in found])
    return (
        f"{rate:,.0f}",
        between,
        f"{_ratio(found, results[base]):.2f}",
        f"{spread([each.cpu_us for each in found])[0]:.0f}",
        f"{spread([each.p50_ms for each in found])[0]:.1f}",
        f"{spread([each.p99_ms for each in found])[0]:.1f}",
    )


def _ratio(found: Sequence[Result], base: Sequence[Result]) -> float:
    return ratio([each.per_s for each in found], [each.per_s for each in base])


def _ratios(results: dict[Contender, list[Result]]) -> Iterator[str]:
    for other in (BARE, RELAXED, *PEERS):
        if other in results:
            yield f"{OURS.name} ÷ {other.name}: {_ratio(results[OURS], results[other]):.2f}"
