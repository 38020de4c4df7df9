"""Traces on a real Redis: written behind the answers, within bounds, and never in the way of a delivery."""

import time

import pytest

from receiver import keys, store
from receiver.deliveries import Deliveries, Wanted, as_json
from receiver.delivery_log import Delivery
from receiver.trace_keeper import BODIES_KEPT, MAX_WAITING, TraceKeeper
from receiver.traces import BURST, MAX_BODY, NO_SOURCE
from tests.support.broken_redis import frozen
from tests.support.receiving import SHOP, a_delivery, request_bytes, started
from tests.support.waiting import until, until_async

pytestmark = pytest.mark.anyio

SCOPE = {
    "headers": [(b"content-length", b"17"), (b"authorization", b"canary-5d2e")],
    "client": ("192.0.2.7", 5),
}


#: A Redis that nobody runs.
NOBODY = "redis://127.0.0.1:1"


def refused(code: str = "SIGNATURE_INVALID", *, source: str = "shop", detail: str = "") -> Delivery:
    return Delivery(source, code, 401, "", detail, time.perf_counter())


@pytest.fixture(name="keeper")
async def _keeper(redis_url):
    keeper = TraceKeeper(store.async_client(redis_url, timeout_s=1), kept=1_000, timeout_s=1)
    yield keeper
    await keeper.close()


def streams(client) -> dict[str, int]:
    return {key: client.xlen(key) for key in client.zrange(keys.trace_streams(), 0, -1)}


async def test_what_was_refused_is_kept_with_its_reason(client, keeper):
    """A sender says that it sends, and nothing comes: this is where one looks."""
    keeper.add(refused(detail="no secret fits"), SCOPE, scheme="hmac")
    await keeper.flush()

    ((_, fields),) = client.xrange(keys.traces("shop", "rejected"))
    for part in (
        '"code":"SIGNATURE_INVALID"',
        '"detail":"no secret fits"',
        '"bytes":17',
        '"remote":"192.0.2.7"',
    ):
        assert part in fields["trace"]
    assert "canary-5d2e" not in fields["trace"]


async def test_duplicates_and_addresses_of_no_source_stand_apart(client, keeper):
    """Anybody can make up addresses, and none may become a key."""
    keeper.add(Delivery("shop", "duplicate", 200, "evt-1", "", time.perf_counter()), SCOPE, scheme="hmac")
    for number in range(3):
        keeper.add(refused("SOURCE_NOT_FOUND", source=f"guess-{number}"), SCOPE, scheme=None)
    await keeper.flush()

    assert {keys.traces("shop", "duplicate"): 1, keys.traces(NO_SOURCE, "rejected"): 3} == streams(client)


async def test_a_flood_costs_one_command_and_is_counted(client, keeper):
    """Ten thousand forgeries are as cheap as a hundred."""
    client.config_resetstat()
    for _ in range(10_000):
        keeper.add(refused(), SCOPE, scheme="hmac")
    await keeper.flush()

    assert {keys.traces("shop", "rejected"): BURST} == streams(client)
    assert 10_000 - BURST == keeper.seen.counted
    assert BURST == client.info("commandstats")["cmdstat_xadd"]["calls"]


async def test_a_body_is_kept_where_it_is_asked_for_and_cut(client, keeper):
    """It is what a wrong signature is found out by, and nobody may fill Redis with it."""
    for number in range(BODIES_KEPT + 150):
        keeper.add(refused(f"CODE_{number}"), SCOPE, scheme="hmac", body=b"x" * (MAX_BODY + 1))
    keeper.add(refused(), SCOPE, scheme="hmac")
    await keeper.flush()

    bodies = client.xrange(keys.rejected_bodies("shop"))
    assert {MAX_BODY} == {len(fields["body"]) for _, fields in bodies}
    assert BODIES_KEPT <= len(bodies) < BODIES_KEPT + 100  # Redis drops whole nodes
    traced = {name for name, _ in client.xrange(keys.traces("shop", "rejected"))}
    assert {name for name, _ in bodies} <= traced


async def test_a_stream_is_bounded_and_ends_by_itself(client, redis_url):
    """Nothing grows without bound, and a week later nothing is left."""
    keeper = TraceKeeper(store.async_client(redis_url, timeout_s=1), kept=10, timeout_s=1)
    for number in range(500):
        keeper.add(refused(f"CODE_{number}"), SCOPE, scheme="hmac")
    await keeper.close()

    stream = keys.traces("shop", "rejected")
    assert client.xlen(stream) <= 110
    week_ms = 7 * 24 * 60 * 60 * 1000
    assert all(week_ms - 5_000 < client.pttl(key) <= week_ms for key in (stream, keys.trace_streams()))


async def test_what_is_older_than_a_week_leaves_with_the_next(client, keeper):
    """A busy stream never expires as a whole; the address of who sent is kept for a week and not longer."""
    stream = keys.traces("shop", "rejected")
    client.xadd(stream, {"trace": "{}"}, id="1-0")
    keeper.add(refused(), SCOPE, scheme="hmac")
    await keeper.flush()

    assert 1 == client.xlen(stream)


async def test_while_redis_is_away_traces_wait_in_bounds(client, redis_url):
    """An outage is when deliveries are refused, and what one wants to read afterwards."""
    keeper = TraceKeeper(store.async_client(NOBODY, timeout_s=0.2), kept=1_000, timeout_s=0.2)
    for number in range(MAX_WAITING + 7):
        keeper.add(refused(f"CODE_{number}"), SCOPE, scheme="hmac")
    await keeper.flush()

    assert (0, 7) == (keeper.seen.written, keeper.seen.dropped)
    await keeper.close()


async def test_none_is_kept_where_none_is_wanted(client, redis_url):
    """`traces_kept = 0`."""
    keeper = TraceKeeper(store.async_client(redis_url, timeout_s=1), kept=0, timeout_s=1)
    keeper.start()
    keeper.add(refused(), SCOPE, scheme="hmac")
    await keeper.close()

    assert {} == streams(client)


async def test_it_writes_by_itself(client, keeper):
    """Nobody has to ask."""
    keeper.start()
    keeper.add(refused(), SCOPE, scheme="hmac")

    async def written() -> bool:
        return bool(streams(client))

    await until_async(written, what="the trace is written")
    assert 1 == keeper.seen.written


class TestInAReceiver:
    """A real process: what it refuses is told, and no answer waits for that."""

    @pytest.fixture(name="tracing", scope="class")
    @staticmethod
    def _tracing(tmp_path_factory, redis_server):
        sources = {"shop": {**SHOP, "keep_rejected_bodies": True}, "quiet": SHOP}
        with started(tmp_path_factory.mktemp("tracing"), redis_server.url, sources=sources) as receiver:
            yield receiver

    def test_a_forgery_a_duplicate_and_a_guess_are_told(self, client, tracing):
        """What was answered and why, with the body where the source keeps it, and no header of the sender's."""
        forged = a_delivery("evt-1").having(webhook_signature="v1,canary", x_secret="canary")
        for delivery, source in (
            (a_delivery("evt-0"), "shop"),
            (a_delivery("evt-0"), "shop"),
            (forged, "shop"),
            (forged, "quiet"),
            (forged, "guess"),
        ):
            tracing.post(delivery, source)

        found = until(lambda: self._all(client, 5), what="all five are told")

        assert {
            ("shop", "accepted", "accepted"),
            ("shop", "duplicate", "duplicate"),
            ("shop", "rejected", "SIGNATURE_MALFORMED"),
            ("quiet", "rejected", "SIGNATURE_MALFORMED"),
            ("guess", "rejected", "SOURCE_NOT_FOUND"),
        } == {(one.source, one.outcome, one.code) for one in found}
        assert not any("canary" in str(as_json(one)) for one in found)
        bodies = {one.source: self._reader(client).body(one) for one in found if one.outcome == "rejected"}
        assert {"shop": forged.body.decode(), "quiet": None, "guess": None} == bodies

    def test_who_goes_away_half_way_is_told(self, client, tracing):
        """A proxy that cuts bodies off looks to the sender like a receiver that is down."""
        with tracing.connected() as connection:
            connection.sendall(request_bytes(a_delivery())[:-5])

        (found,) = until(lambda: self._all(client, 1), what="it is told")

        assert ("rejected", "disconnected", None) == (found.outcome, found.code, found.status)

    def test_no_answer_waits_for_a_redis_that_hangs(self, client, tracing, redis_server):
        """Whoever forges deliveries must not be able to hold up the honest ones by their traces."""
        with frozen(redis_server):
            begun = time.perf_counter()
            for number in range(50):
                assert 401 == tracing.post(a_delivery(f"evt-{number}").having(webhook_signature="x")).status
            took_s = time.perf_counter() - begun

        assert took_s < 1.5
        assert until(lambda: self._all(client, 50), what="they are told once it goes on")

    @staticmethod
    def _reader(client) -> Deliveries:
        return Deliveries(client, now=int(client.time()[0]) * 1000)

    def _all(self, client, number: int):
        found = self._reader(client).page(Wanted(), size=1_000).deliveries
        return found if len(found) >= number else None
