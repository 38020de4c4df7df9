"""
The spool, seen from outside: what Redis cannot take is acknowledged all the same, and all of it is in Redis afterwards.
"""

import contextlib
import itertools
import resource
import threading
import time
from http import HTTPStatus

import pytest

from console.embedded import RedisServer
from receiver import keys
from tests.support import broken_redis
from tests.support.events import record
from tests.support.receiving import SHOP, Receiver, a_delivery, started
from tests.support.waiting import until

BROKEN = [broken_redis.down, broken_redis.frozen, broken_redis.read_only, broken_redis.full]
#: Every receiver of a machine has this one.
SPOOLED = SHOP | {"spool": "../spool"}
ACCEPTED, DUPLICATE = (202, "accepted"), (200, "duplicate")


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory):
    server = RedisServer(folder=tmp_path_factory.mktemp("own")).start()
    yield server
    server.stop()


@pytest.fixture(name="own")
def _own(server):
    with server.client() as client:
        client.flushall()
        yield client


@contextlib.contextmanager
def spooling(folder, server, **settings):
    """Yield a receiver whose source `shop` has a spool, and whose source `plain` has none."""
    sources = {"shop": SPOOLED, "plain": SHOP} | settings.pop("sources", {})
    with started(folder, server.url, sources=sources, **settings) as receiver:
        yield receiver
        assert [] == receiver.tracebacks()


@pytest.fixture(name="receiver")
def _receiver(tmp_path, server, own):
    with spooling(tmp_path / "receiver", server) as receiver:
        yield receiver


def ready(receiver) -> dict[str, object]:
    """Return what `/readyz` says, its status under `answer`."""
    found = receiver.send("GET", "/readyz")
    return {"answer": found.status, **found.json["data"]}


def number(receiver, name, source="shop") -> float:
    """Return what `/metrics` says of a source's spool."""
    found = receiver.send("GET", "/metrics")
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (found.status, found.headers["content-type"])
    start = f'orderhook_spool_{name}{{source="{source}"}} '
    (line,) = [line for line in found.body.decode().splitlines() if line.startswith(start)]
    return float(line.removeprefix(start))


def until_drained(receiver) -> None:
    until(lambda: ready(receiver)["status"] == "ready", within_s=20, what="drained")


def lane(client, subject="order-1") -> list[str]:
    return [keys.event_id(key) for key in client.lrange(keys.lane("shop", subject), 0, -1)]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_what_redis_cannot_take_is_acknowledged_and_recorded_in_order(receiver, server, own, broken):
    """Some senders never repeat: for them an outage of Redis is a loss, unless we keep what they send."""
    names = [f"msg-{n}" for n in range(30)]
    assert ACCEPTED == receiver.post(a_delivery("before")).outcome
    with broken(server):
        found = [receiver.post(a_delivery(name)).outcome for name in names]

    assert {ACCEPTED} == set(found)
    until_drained(receiver)
    assert ACCEPTED == receiver.post(a_delivery("after")).outcome
    assert ["before", *names, "after"] == lane(own)
    (drained,) = receiver.lines("spool.drained")
    assert 30 == drained["events"]


def test_only_the_first_waits_for_a_redis_that_does_not_answer(receiver, server, own):
    """A sender's patience is short, and what waits is in memory."""
    receiver.post(a_delivery("before"))
    with broken_redis.frozen(server):
        receiver.post(a_delivery("first"))
        begun = time.monotonic()
        for n in range(5):
            receiver.post(a_delivery(f"msg-{n}"))
        elapsed = time.monotonic() - begun

    assert elapsed < 1.0  # one time limit is as long


def test_an_event_whose_first_write_came_through_all_the_same_is_there_once(receiver, server, own):
    """A frozen Redis carries out later what it was sent: the event is in the spool and in Redis, and still is one."""
    receiver.post(a_delivery("before"))
    with broken_redis.frozen(server):
        assert ACCEPTED == receiver.post(a_delivery("during")).outcome

    until_drained(receiver)
    assert ["before", "during"] == lane(own)
    assert 2 == record(own, "during").deliveries


def test_a_redelivery_is_a_duplicate_in_the_spool_and_afterwards(receiver, server, own):
    """A sender that repeats gets the answers that it would get from Redis."""
    with broken_redis.down(server):
        assert ACCEPTED == receiver.post(a_delivery("msg-1")).outcome
        assert DUPLICATE == receiver.post(a_delivery("msg-1")).outcome
        other_body = a_delivery(
            "msg-1", body=b'{"event": "order.created", "data": {"id": "order-1"}, "x": 1}'
        )
        assert DUPLICATE == receiver.post(other_body).outcome

    until_drained(receiver)
    assert DUPLICATE == receiver.post(a_delivery("msg-1")).outcome
    assert ["msg-1"] == lane(own)
    until(lambda: len(receiver.lines()) >= 4, what="logged")
    assert ["spooled", None, "altered", None] == [line.get("detail") for line in receiver.lines()]


def test_the_record_says_when_it_came_and_when_it_was_accepted(receiver, server, own):
    """An operator asks why an order was late."""
    before = int(time.time() * 1000)
    with broken_redis.down(server):
        receiver.post(a_delivery("msg-1"))
        after = int(time.time() * 1000)
    until_drained(receiver)
    receiver.post(a_delivery("msg-2"))

    found = record(own, "msg-1")
    assert before <= found.spooled <= after <= found.accepted
    assert 0 == record(own, "msg-2").spooled


def test_an_unusable_delivery_is_spooled_too(receiver, server, own):
    """It would be kept as a dead letter, and is."""
    with broken_redis.down(server):
        assert (202, "quarantined") == receiver.post(a_delivery("msg-1", body=b"not JSON")).outcome

    until_drained(receiver)
    found = record(own, "msg-1")
    assert ("dead", "payload_invalid") == (found.status, found.reason)
    assert found.spooled


def test_readiness_says_that_it_spools_how_much_and_since_when(receiver, server, own):
    """A balancer that looked elsewhere would lose what we can take; a source without a spool is told by its own 503."""
    until_drained(receiver)
    with broken_redis.down(server):
        until(lambda: ready(receiver)["status"] == "spooling", what="the outage is seen")
        receiver.post(a_delivery("msg-1"))
        receiver.post(a_delivery("msg-2"))
        assert (503, "STORE_UNAVAILABLE") == receiver.post(a_delivery("msg-3"), "plain").outcome
        until(lambda: "waiting" in ready(receiver), what="what waits is seen")

        found = ready(receiver)

    assert (200, "spooling", "cannot be written", 2) == tuple(
        found[name] for name in ("answer", "status", "redis", "waiting")
    )
    assert str(found["since"]).startswith(time.strftime("%Y-", time.gmtime()))


def test_a_full_spool_refuses_honestly_and_takes_again_when_drained(tmp_path, server, own):
    """It is bounded; beyond, the sender must know that we do not have it."""
    small = SPOOLED | {"spool_max_bytes": 100_000}
    body = b'{"event": "order.created", "data": {"id": "order-1"}, "pad": "%b"}' % (b"x" * 30_000)
    with spooling(tmp_path / "receiver", server, sources={"shop": small}) as receiver:
        with broken_redis.down(server):
            found = [receiver.post(a_delivery(f"msg-{n}", body=body + b" " * n)) for n in range(4)]
            answers = [one.outcome for one in found]
            # Some kilobytes are left: enough for a small event, and then not even for that.
            filler = (receiver.post(a_delivery(f"small-{n}")).status for n in itertools.count())
            until(lambda: next(filler) == HTTPStatus.SERVICE_UNAVAILABLE, what="full")
            until(lambda: ready(receiver)["answer"] == HTTPStatus.SERVICE_UNAVAILABLE, what="not ready")

        assert [ACCEPTED, ACCEPTED, (503, "STORE_UNAVAILABLE"), (503, "STORE_UNAVAILABLE")] == answers
        assert all("retry-after" in one.headers for one in found[2:])
        assert "error" == receiver.lines("spool.refuses")[0]["level"]
        until_drained(receiver)
        assert ["msg-0", "msg-1", *(f"small-{n}" for n in range(len(lane(own)) - 2))] == lane(own)
        assert ACCEPTED == receiver.post(a_delivery("after")).outcome


def test_what_a_killed_receiver_left_is_drained_by_the_next_start(tmp_path, server, own):
    """Acknowledged is acknowledged, whatever becomes of the process."""
    with spooling(tmp_path / "receiver", server) as receiver:
        with broken_redis.down(server):
            names = [f"msg-{n}" for n in range(10)]
            assert {ACCEPTED} == {receiver.post(a_delivery(name)).outcome for name in names}
            receiver.kill()
        receiver.start()

        until_drained(receiver)
        assert names == lane(own)


def test_another_receiver_of_the_machine_drains_what_a_killed_one_left(tmp_path, server, own):
    """The one that took them may never come back."""
    with contextlib.ExitStack() as running:
        first = running.enter_context(spooling(tmp_path / "first", server))
        second = running.enter_context(spooling(tmp_path / "second", server))
        with broken_redis.down(server):
            first.post(a_delivery("msg-1"))
            first.kill()
        assert ACCEPTED == second.post(a_delivery("msg-2")).outcome

        until_drained(second)
        assert ["msg-1", "msg-2"] == lane(own)


def test_an_order_keeps_its_order_through_an_outage_and_between_two_receivers(tmp_path, server, own):
    """From Redis into the spool and back, with senders that go on when the last event is acknowledged, by either."""
    orders = [f"order-{n}" for n in range(8)]
    acknowledged: dict[str, list[str]] = {order: [] for order in orders}
    stop = threading.Event()

    def send(order: str, doors: list[Receiver]) -> None:
        for number, door in enumerate(itertools.cycle(doors)):
            if stop.is_set():
                return
            name = f"{order}-{number}"
            assert ACCEPTED == door.post(a_delivery(name, subject=order)).outcome
            acknowledged[order].append(name)

    def progress(by: int) -> None:
        goal = {order: len(sent) + by for order, sent in acknowledged.items()}
        until(
            lambda: all(len(acknowledged[order]) >= goal[order] for order in orders),
            within_s=30,
            what="progress",
        )

    with contextlib.ExitStack() as running:
        doors = [running.enter_context(spooling(tmp_path / name, server)) for name in ("first", "second")]
        senders = [threading.Thread(target=send, args=(order, doors)) for order in orders]
        for sender in senders:
            sender.start()
        try:
            for _ in range(2):
                progress(5)
                with broken_redis.down(server):
                    progress(10)
                until(lambda: ready(doors[0])["redis"] == "writable", what="Redis is back")
                until(lambda: not (tmp_path / "spool" / "shop.waiting").exists(), what="drained under load")
            progress(5)
        finally:
            stop.set()
            for sender in senders:
                sender.join()
        until_drained(doors[0])

    assert acknowledged == {order: lane(own, order) for order in orders}


def test_a_redis_that_keeps_too_little_is_no_place_and_the_spool_is_one(tmp_path):
    """A weak server that answers late gets nothing; what was kept is recorded when it is set right."""
    server = RedisServer(folder=tmp_path / "redis", appendfsync="everysec")
    safe = {"shop": SPOOLED | {"durability": "disk"}}
    with contextlib.ExitStack() as running:
        receiver = running.enter_context(spooling(tmp_path / "receiver", server, sources=safe))
        server.start()
        running.callback(server.stop)
        client = running.enter_context(server.client())

        assert ACCEPTED == receiver.post(a_delivery("msg-1")).outcome
        until(lambda: ready(receiver).get("redis") == "does not keep what sources ask for", what="the reason")
        assert [] == lane(client)
        client.config_set("appendfsync", "always")

        until_drained(receiver)
        assert ["msg-1"] == lane(client)


def test_a_spool_that_cannot_be_used_ends_the_start_with_the_reason(tmp_path, server):
    """An outage of Redis is no time to find out that the folder belongs to somebody else."""
    (tmp_path / "spool").write_text("a file")
    receiver = Receiver(
        folder=tmp_path / "receiver", settings={"redis_url": server.url, "sources": {"shop": SPOOLED}}
    )
    receiver.folder.mkdir()

    assert 0 != receiver.spawn().wait(20)

    assert str(tmp_path / "spool") in receiver.log.read_text()


def test_what_goes_over_the_cap_waits_in_the_spool_too(tmp_path, server, own):
    """503 would lose it, with a sender that does not repeat; and the drain respects the cap as well."""
    capped = {"shop": SPOOLED | {"max_pending_events": 5}}
    names = [f"msg-{n}" for n in range(12)]
    with spooling(tmp_path / "receiver", server, sources=capped) as receiver:
        # Caps are soft: what came before the first look at Redis may go over.
        assert ACCEPTED == receiver.post(a_delivery("before")).outcome
        until(lambda: ready(receiver)["status"] == "ready", what="ready")
        assert {ACCEPTED} == {receiver.post(a_delivery(name)).outcome for name in names}
        until(lambda: ready(receiver)["status"] == "spooling", what="spooling")
        assert len(lane(own)) < len(names)

        def drained_as_room_is_made() -> bool:
            own.hset(keys.counts(), "shop:pending", 0)  # as if workers had done them
            return len(lane(own)) == len(names) + 1

        until(drained_as_room_is_made, within_s=30, what="drained")
        assert ["before", *names] == lane(own)


def test_a_disk_that_is_full_is_said_and_heals(receiver, server, own):
    """503 while it lasts, what was acknowledged before is kept, and nobody has to restart anything."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    pid = receiver.process.pid
    with broken_redis.down(server):
        assert ACCEPTED == receiver.post(a_delivery("before")).outcome
        size = (receiver.folder / ".." / "spool" / "shop.sqlite3").stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        body = b'{"event": "order.created", "data": {"id": "order-1"}, "pad": "%b"}' % (b"x" * 10_000)
        assert (503, "STORE_UNAVAILABLE") == receiver.post(a_delivery("during", body=body)).outcome
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert ACCEPTED == receiver.post(a_delivery("after", body=body)).outcome

    until_drained(receiver)
    assert ["before", "after"] == lane(own)
    (refused,) = receiver.lines("spool.refuses")
    assert "shop.sqlite3" in refused["error"]


def test_metrics_tell_what_waits_and_what_was_done(tmp_path, server, own):
    """An outage that a spool hides from senders must wake somebody all the same."""
    small = SPOOLED | {"spool_max_bytes": 65_536}
    with spooling(tmp_path / "receiver", server, sources={"shop": small}) as receiver:
        with broken_redis.down(server):
            body = b'{"event": "order.created", "data": {"id": "order-1"}, "pad": "%b"}' % (b"x" * 10_000)
            answers = [receiver.post(a_delivery(f"evt-{n}", body=body + b" " * n)).status for n in range(9)]
            kept, refused = answers.count(202), answers.count(503)
            assert kept == number(receiver, "waiting_events") == number(receiver, "kept_total") > 0
            assert refused == 9 - kept == number(receiver, "refused_total") > 0
            assert 0 < number(receiver, "used_bytes") <= number(receiver, "max_bytes") == 65_536
            assert 0 < number(receiver, "oldest_age_seconds") < 60

        until(lambda: number(receiver, "waiting_events") == 0, within_s=20, what="drained")
        assert kept == number(receiver, "drained_total")
        assert 0 == number(receiver, "oldest_age_seconds")


def test_a_disk_that_takes_nothing_more_is_found_before_an_outage(receiver):
    """By then it is too late; and what was found stands until a write has come through."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    pid = receiver.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))  # a journal is longer, and the log not yet

    until(lambda: number(receiver, "usable") == 0 and len(receiver.lines("receiver.spool_broken")) > 1)
    assert (200, "writable") == tuple(ready(receiver)[name] for name in ("answer", "redis"))

    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    until(lambda: number(receiver, "usable") == 1)
