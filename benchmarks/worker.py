"""
Workers: events that make two API calls of 20 ms each; one worker process on one core.

An event's rate counts from the first call that the API sees to the last one it has answered.
"""

import asyncio
import contextlib
import http.client
import importlib.util
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from console.embedded import RedisServer, free_port
from receiver import accept, keys, scripts
from receiver.accept import NewEvent
from receiver.wake import ShiftTemplate

from .deliveries import SECRET, body
from .processes import OTHERS, SUBJECT, Running, on_core, start, wait_until
from .tables import Loss, Table, ratio, spread

#: Seconds in which any contender must be through.
PATIENCE_S = 60.0
BATCH = 200

CONFIG = """\
redis_url = "{redis_url}"
actions = ["benchmarks.actions"]
[sources.shop]
system = "installer"
scheme = {{ type = "standard-webhooks", secrets = ["{secret}"] }}
api = {{ base_url = "http://127.0.0.1:{api_port}", token = "token" }}
[worker]
concurrency = {concurrency}
[[workflows]]
name = "Two calls"
entity_type = "Order"
trigger = "order_created"
conditions = {{ "countryCode" = "NO" }}
actions = [ {{ type = "fetch_order" }}, {{ type = "mark_in_erp" }} ]
"""


def fill_ours(url: str, count: int) -> None:
    """Put events into the inbox as the receiver does."""
    shift = ShiftTemplate()
    with redis.Redis.from_url(url) as client:
        client.script_load(scripts.load("accept").text)
        client.set(keys.identity(), "benchmark")
        for first in range(0, count, BATCH):
            events = [_event(number) for number in range(first, min(first + BATCH, count))]
            client.execute_command(*accept.command(events, shift, "benchmark"))


def _event(number: int) -> NewEvent:
    content = body(number, run="w")
    order = json.loads(content)["data"]["id"]
    return NewEvent(
        source="shop",
        id=f"evt_{number}",
        type="order.created",
        subject=order,
        lane=order,
        occurred="",
        digest=f"{number:032x}",
        verdict="standard-webhooks:0",
        body=content,
    )


def fill_rq(url: str, count: int) -> None:
    from rq import Queue

    with redis.Redis.from_url(url) as client:
        queue = Queue("peer", connection=client)
        for number in range(count):
            queue.enqueue("benchmarks.peer_jobs.two_calls", f"evt_{number}", body(number, run="w").decode())


def fill_celery(url: str, count: int) -> None:
    from celery import Celery

    with Celery(broker=url) as app:
        for number in range(count):
            app.send_task("peer", (f"evt_{number}", body(number, run="w").decode()))


def fill_taskiq(url: str, count: int) -> None:
    from taskiq_redis import ListQueueBroker

    async def fill() -> None:
        broker = ListQueueBroker(url)
        task = broker.task(task_name="peer")(_never)
        await broker.startup()
        for number in range(count):
            await task.kiq(f"evt_{number}", body(number, run="w").decode())
        await broker.shutdown()

    asyncio.run(fill())


async def _never(event_id: str, content: str) -> None:
    raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A worker; `{url}` in its command is Redis'."""

    name: str
    command: tuple[str, ...]
    fill: Callable[[str, int], None]
    count: int
    concurrency: int = 1
    needs: str = "rq"

    @property
    def ours(self) -> bool:
        return self.fill is fill_ours


OURS = Contender(
    name="orderhook, 200 at once", command=("workers.rq_worker",), fill=fill_ours, count=8000, concurrency=200
)
DEFAULT = Contender(
    name="orderhook, 50 at once (default)",
    command=("workers.rq_worker",),
    fill=fill_ours,
    count=4000,
    concurrency=50,
)
SHORT = Contender(
    name="orderhook, 50 at once (default)",
    command=("workers.rq_worker",),
    fill=fill_ours,
    count=1000,
    concurrency=50,
)
_RQ = ("rq.cli", "worker", "--url", "{url}", "--quiet")
RQ = Contender(name="rq Worker, a fork for each job", command=(*_RQ, "peer"), fill=fill_rq, count=60)
SIMPLE = Contender(
    name="rq SimpleWorker",
    command=(*_RQ, "--worker-class", "rq.SimpleWorker", "peer"),
    fill=fill_rq,
    count=100,
)
CELERY = Contender(
    name="Celery, 50 threads",
    command=(
        "celery",
        "-A",
        "benchmarks.celery_peer",
        "worker",
        "-P",
        "threads",
        "-c",
        "50",
        "--loglevel",
        "warning",
    ),
    fill=fill_celery,
    count=1500,
    needs="celery",
)
TASKIQ = Contender(
    name="taskiq, 200 at once",
    command=(
        "taskiq",
        "worker",
        "benchmarks.taskiq_peer:broker",
        "--workers",
        "1",
        "--max-async-tasks",
        "200",
    ),
    fill=fill_taskiq,
    count=5000,
    needs="taskiq_redis",
)
PEERS = (RQ, SIMPLE, CELERY, TASKIQ)


@dataclass(slots=True, kw_only=True)
class Api:
    """The stub, and what it has seen."""

    port: int
    process: Running
    _client: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self._client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def seen(self, method: str = "GET") -> dict[str, float]:
        self._client.request(method, "/_seen")
        return json.loads(self._client.getresponse().read())

    def forget(self) -> None:
        self.seen("DELETE")

    def close(self) -> None:
        self._client.close()
        self.process.stop()


@contextlib.contextmanager
def api(folder: Path) -> Iterator[Api]:
    port = free_port()
    stub = Api(
        port=port,
        process=start("benchmarks.stub_api", str(port), log=folder / "api.log", place=OTHERS, port=port),
    )
    try:
        yield stub
    finally:
        stub.close()


def run(contender: Contender, stub: Api, folder: Path) -> float:
    """
    Return the events per second of one worker, started on a full queue in a Redis of its own.

    Raises:
        Loss: A call is missing or came twice, or an event of ours is not closed.
    """
    folder.mkdir()
    server = RedisServer(folder=folder / "redis", options=["--auto-aof-rewrite-percentage", "0"])
    with on_core(OTHERS):
        server.start()
    try:
        contender.fill(server.url, contender.count)
        stub.forget()
        with _worker(contender, stub, server.url, folder):
            wait_until(lambda: _calls(stub) >= 2 * contender.count, PATIENCE_S, every_s=0.1)
            if contender.ours:
                _check_closed(contender, server)
        _check_calls(contender, stub, folder)
    finally:
        server.stop()
    return contender.count / stub.seen()["took_s"]


@contextlib.contextmanager
def _worker(contender: Contender, stub: Api, url: str, folder: Path) -> Iterator[None]:
    config = folder / "orderhook.toml"
    config.write_text(
        CONFIG.format(redis_url=url, secret=SECRET, api_port=stub.port, concurrency=contender.concurrency)
    )
    environ = {"ORDERHOOK_CONFIG": str(config), "API_PORT": str(stub.port), "REDIS_URL": url}
    command = [part.format(url=url) for part in contender.command]
    worker = start(*command, log=folder / "worker.log", place=SUBJECT, environ=environ)
    try:
        yield
    finally:
        worker.stop()


def _calls(stub: Api) -> float:
    seen = stub.seen()
    return seen["reads"] + seen["writes"]


def _check_closed(contender: Contender, server: RedisServer) -> None:
    with server.client() as client:
        wait_until(lambda: not client.zcard(keys.open_events()), 5)
        succeeded = int(client.hget(keys.counts(), "shop:succeeded") or 0)
        left, dead = client.zcard(keys.open_events()), client.zcard(keys.dead())
    if (succeeded, left, dead) != (contender.count, 0, 0):
        raise Loss(
            f"{contender.name}: of {contender.count} events {succeeded} succeeded, {left} are open, {dead} dead"
        )


def _check_calls(contender: Contender, stub: Api, folder: Path) -> None:
    seen = stub.seen()
    expected = {"reads": contender.count, "writes": contender.count, "distinct": 2 * contender.count}
    if any(seen[name] != value for name, value in expected.items()):
        log = (folder / "worker.log").read_text()[-2000:]
        raise Loss(
            f"{contender.name}: expected the calls {expected}, the API saw {seen}; the end of its log:\n{log}"
        )


def measure(folder: Path, *, short: bool, rounds: int, say) -> Table:
    """Run all contenders by turns."""
    wanted = (SHORT,) if short else (OURS, DEFAULT, *PEERS)
    contenders = [each for each in wanted if importlib.util.find_spec(each.needs)]
    results: dict[Contender, list[float]] = {each: [] for each in contenders}
    with api(folder) as stub:
        for turn in range(rounds):
            for number, each in enumerate(contenders):
                results[each].append(run(each, stub, folder / f"{turn}-{number}"))
                say(f"  round {turn + 1}: {each.name}: {results[each][-1]:,.0f} events/s")
    return _table(results, [each for each in wanted if each not in contenders])


def _table(results: dict[Contender, list[float]], missing: Sequence[Contender]) -> Table:
    return Table(
        title="Workers",
        about="An event makes exactly two API calls of 20 ms each: one reads the order, one posts about it under an "
        "idempotency key. One worker process, `appendfsync always`. orderhook runs a workflow of two steps (the "
        "built-in `fetch_order`, and a user's keyed action), with lanes, fencing, and intent and result of each step "
        "in the ledger; the API saw each of its calls once. The peers run a plain function.",
        columns=("events/s", "lowest–highest", "÷ rq Worker"),
        rows={each.name: _cells(found, results.get(RQ)) for each, found in results.items()},
        notes=(
            *_ratios(results),
            *(f"Left out, since {each.needs} is not installed: {each.name}." for each in missing),
        ),
    )


def _cells(found: Sequence[float], base: Sequence[float] | None) -> tuple[str, ...]:
    rate, between = spread(found)
    return f"{rate:,.0f}", between, f"{ratio(found, base):.1f}" if base else "–"


def _ratios(results: dict[Contender, list[float]]) -> Iterator[str]:
    for ours in (OURS, DEFAULT):
        for peer in PEERS:
            if {ours, peer} <= set(results):
                yield f"{ours.name} ÷ {peer.name}: {ratio(results[ours], results[peer]):.1f}"
