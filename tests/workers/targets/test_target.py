"""One message to one target: what arrives, and what each answer means."""

import asyncio
import json
import time

import pytest

from receiver import keys
from tests.support import hooks
from tests.support.http_peer import serving
from tests.support.schemes import ED25519_SECRET
from tests.support.tls import self_signed
from workers import lease
from workers.budget import Visit, visiting
from workers.failures import BadResponse, CircuitOpen, Permanent, RateLimited, Transient
from workers.lease import LeaseLost

pytestmark = pytest.mark.anyio

BODY = json.dumps({"type": "order.created", "data": {"id": "order-1"}}).encode()


async def failure(target, body: bytes = BODY):
    with pytest.raises((Transient, Permanent)) as caught:
        await target.deliver("msg_1", body)
    return caught.value


async def test_a_message_is_one_that_both_libraries_verify(peer, target):
    """What is sent must be what every receiver's library takes."""
    kept = await target.deliver("msg_1", BODY)

    (seen,) = peer.seen
    assert json.loads(BODY) == hooks.verified(seen)
    assert ("POST", "msg_1", "application/json") == (
        seen.method,
        seen.headers["webhook-id"],
        seen.headers["content-type"],
    )
    assert {"target": "erp", "id": "msg_1", "status": 204, "answer": ""} == kept


async def test_each_attempt_has_its_own_time_under_the_same_id(peer, target):
    """Receivers refuse a timestamp of five minutes ago, and know a repeat by its id."""
    now = time.time()
    for moment in (now, now + 200):
        target.clock = lambda moment=moment: moment
        await target.deliver("msg_1", BODY)

    first, second = (seen.headers for seen in peer.seen)
    assert first["webhook-id"] == second["webhook-id"]
    assert 200 == int(second["webhook-timestamp"]) - int(first["webhook-timestamp"])
    assert first["webhook-signature"] != second["webhook-signature"]


async def test_while_a_secret_is_replaced_both_sign(peer, target_at):
    """The receiver changes its secret when it likes, and refuses nothing meanwhile."""
    target = await target_at(peer.url, secrets=[hooks.OTHER_SECRET, hooks.SECRET])

    await target.deliver("msg_1", BODY)

    for secret in (hooks.SECRET, hooks.OTHER_SECRET):
        assert hooks.verified(peer.seen[0], secret)


async def test_an_ed25519_secret_signs_v1a(peer, target_at):
    """With a key pair, the receiver holds nothing that could forge."""
    target = await target_at(peer.url, secrets=[ED25519_SECRET, hooks.SECRET])

    await target.deliver("msg_1", BODY)

    asymmetric, shared = peer.seen[0].headers["webhook-signature"].split(" ")
    assert (True, True) == (asymmetric.startswith("v1a,"), shared.startswith("v1,"))
    assert hooks.verified(peer.seen[0])


async def test_further_headers_go_along(peer, target_at):
    """Gateways in front of a receiver want a token of their own."""
    target = await target_at(
        peer.url, headers={"Authorization": "env:ERP"}, environ={"ERP": "Bearer hush-hush"}
    )

    await target.deliver("msg_1", BODY)

    assert "Bearer hush-hush" == peer.seen[0].headers["authorization"]


async def test_no_secret_in_force_is_for_a_person(peer, target_at):
    """An unsigned message would be refused, and rightly."""
    secret = {"secret": hooks.SECRET, "not_after": "2020-01-01T00:00:00Z"}
    target = await target_at(peer.url, secrets=[secret])

    assert "target_secret" == (await failure(target)).reason
    assert [] == peer.seen


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_success(peer, target, status):
    """The standard says so; what is in the body does not matter."""
    peer.behaviours.clear()
    peer.answers(status)

    assert status == (await target.deliver("msg_1", BODY))["status"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_a_failure_and_never_followed(peer, target, status):
    """It would carry the message, and our request, wherever the other side says."""
    peer.behaviours.clear()
    peer.answers(status, Location=f"{peer.url}/elsewhere")

    found = await failure(target)

    assert (Permanent, "target_redirect") == (type(found), found.reason)
    assert 1 == len(peer.seen)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422])
async def test_a_refusal_is_permanent_and_quotes_what_it_says(peer, target, status):
    """The same message would be refused again."""
    peer.behaviours.clear()
    peer.answers(status, {"message": "order 42 is unknown here"})

    found = await failure(target)

    assert (Permanent, "target_rejected") == (type(found), found.reason)
    assert "order 42 is unknown here" in found.message


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
async def test_trouble_of_the_target_is_tried_again(peer, target, status):
    """It passes, and the retry policy says when."""
    peer.behaviours.clear()
    peer.answers(status, Retry_After="7")

    found = await failure(target)

    assert (Transient, 7.0, True) == (type(found), found.retry_after_s, found.uses_attempt)


async def test_429_pauses_the_target_for_all_and_uses_no_attempt(peer, target):
    """Its limit is no failure of the event."""
    peer.behaviours.clear()
    peer.answers(429, Retry_After="30")

    found = await failure(target)
    again = await failure(target)

    assert (RateLimited, RateLimited) == (type(found), type(again))
    assert 30 <= found.retry_after_s < 40
    assert 1 == len(peer.seen)


async def test_what_waits_for_a_target_grows_too_old(peer, target):
    """A target that answers 429 for ever must not hold its orders' lanes for ever."""
    peer.behaviours.clear()
    peer.answers(429)

    assert (await failure(target)).ages


async def test_410_disables_the_target(peer, target, target_at):
    """It says that nobody wants a message any more: the next one is not sent."""
    peer.behaviours.clear()
    peer.answers(410)
    other_worker = await target_at(peer.url)

    found = [await failure(target), await failure(target), await failure(other_worker)]

    assert ["target_disabled"] * 3 == [each.reason for each in found]
    assert all("orderhook targets enable erp" in each.message for each in found)
    assert 1 == len(peer.seen)


async def test_a_disabled_target_that_moved_is_tried(peer, target, target_at):
    """Who changes the URL has answered the 410."""
    peer.behaviours.clear()
    peer.answers(410)
    peer.answers(204)
    await failure(target)

    moved = await target_at(f"{peer.url}/new")

    assert 204 == (await moved.deliver("msg_1", BODY))["status"]


async def test_a_slow_answer_is_given_up_at_the_deadline(peer, target_at):
    """A target must not decide how long a worker waits."""
    peer.behaviours.clear()
    peer.sends(*[b"HTTP/1.1 200 OK\r\n"], *[b"X: y\r\n"] * 100, pause_s=0.1)
    target = await target_at(peer.url, timeout_s=0.4)

    found = await failure(target)

    assert ("timeout", "unknown") == (found.reason, found.effect)


async def test_the_deadline_is_within_that_of_the_step(peer, target_at):
    """Else the step is cut off first, and nobody learns what the target did."""
    target = await target_at(peer.url, timeout_s=100, call_deadline_s=2.0)

    assert target.deadline_s < 2.0


async def test_an_endless_body_costs_one_excerpt(peer, target):
    """The status is the answer: neither memory nor a place is spent on what follows."""
    peer.behaviours.clear()
    peer.sends(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65_536] * 4_000)

    begun = time.monotonic()
    kept = await target.deliver("msg_1", BODY)

    assert 200 == kept["status"]
    assert len(kept["answer"]) <= 200
    assert time.monotonic() - begun < 5


async def test_a_body_that_drips_holds_nobody_up(peer, target):
    """One byte in five seconds would hold a place for ever."""
    peer.behaviours.clear()
    peer.sends(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n", *[b"x"] * 900, pause_s=0.1)

    begun = time.monotonic()

    assert 202 == (await target.deliver("msg_1", BODY))["status"]
    assert time.monotonic() - begun < 5


async def test_a_packed_body_is_not_unpacked(peer, target):
    """97 kB of gzip can hold 100 MB."""
    peer.behaviours.clear()
    peer.answers(200, b"\x1f\x8b" + b"\x00" * 5_000, Content_Encoding="gzip")

    assert 200 == (await target.deliver("msg_1", BODY))["status"]


async def test_an_answer_that_repeats_our_secrets_is_redacted(peer, target_at):
    """Some servers echo the request, and the excerpt is kept and shown."""
    peer.behaviours.clear()
    peer.answers(400, {"you": "sent hush-hush-1 from ola@example.com"})
    target = await target_at(peer.url, headers={"X-Key": "env:ERP"}, environ={"ERP": "hush-hush-1"})

    found = await failure(target)

    assert "hush-hush-1" not in found.message
    assert "ola@example.com" not in found.message


async def test_what_is_no_http_is_a_bad_response(peer, target):
    """Something else listens there."""
    peer.behaviours.clear()
    peer.sends(b"SSH-2.0-OpenSSH_9.2\r\n")

    assert isinstance(await failure(target), BadResponse)


async def test_a_target_that_resets_is_tried_again(peer, target):
    """It may have taken the message: the repeat carries the same id."""
    peer.behaviours.clear()
    peer.sends(reset=True)

    found = await failure(target)

    assert ("io_error", "unknown") == (found.reason, found.effect)


async def test_a_target_that_is_not_there_is_tried_again(target_at):
    """Nothing was sent, so nothing was done."""
    found = await failure(await target_at("http://127.0.0.1:1/"))

    assert ("io_error", "none") == (found.reason, found.effect)


async def test_a_destination_inside_is_blocked(peer, target_at):
    """A name may lead anywhere by the time of the call; the configuration cannot see that."""
    target = await target_at("https://localhost:8443/", allow_private=False)

    found = await failure(target)

    assert (Permanent, "blocked_destination") == (type(found), found.reason)
    assert 0 == peer.connections


async def test_a_certificate_that_is_not_good_is_for_a_person(target_at, tmp_path):
    """To look away would tell our secrets' signatures, and the order, to whoever is in between."""
    async with serving(self_signed(tmp_path, name="localhost", days=10)) as peer:
        found = await failure(await target_at(peer.url.replace("127.0.0.1", "localhost")))

        assert (Permanent, "target_certificate") == (type(found), found.reason)
        assert [] == peer.seen


async def test_nothing_is_sent_without_a_lease(peer, target):
    """A worker that was frozen has lost the event to another."""

    async def late():
        lease.hold(time.monotonic() - 1)
        with pytest.raises(LeaseLost):
            await target.deliver("msg_1", BODY)

    await asyncio.create_task(late())

    assert [] == peer.seen


async def test_a_broken_target_opens_its_own_circuit(peer, target, target_at):
    """Its events wait, without a call each."""
    peer.behaviours.clear()
    peer.answers(503)
    for _ in range(20):
        await failure(target)

    assert CircuitOpen is type(await failure(target))
    assert 20 == len(peer.seen)


async def test_a_target_that_lets_calls_time_out_opens_it_sooner(peer, target_at):
    """At two places and fifteen seconds each, twenty failures would take minutes."""
    peer.behaviours.clear()
    peer.sends(b"", pause_s=30)
    target = await target_at(peer.url, timeout_s=1.1, concurrency=10)

    found = await asyncio.gather(*(failure(target) for _ in range(10)))

    assert {"timeout"} == {each.reason for each in found}
    assert CircuitOpen is type(await failure(target))


async def test_a_message_that_is_cut_off_gives_its_place_back(peer, target, redis):
    """The step's own deadline, or a shift's end, may come first."""
    peer.behaviours.clear()
    peer.sends(b"", pause_s=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await target.deliver("msg_1", BODY)

    assert 0 == await redis.zcard(keys.target_calls("erp"))


async def test_an_event_that_waited_goes_before_newcomers(peer, target_at, redis):
    """Else it would wait as long as there are others."""
    target = await target_at(peer.url, concurrency=2)
    await target.deliver("msg_1", BODY)
    await redis.zadd(keys.target_calls("erp"), {"somebody": 10**14})
    await redis.hset(keys.target("erp"), "next", str(10**14))

    newcomer = await failure(target)
    with visiting(Visit(back=True)):
        returned = await target.deliver("msg_2", BODY)

    assert ("target_busy", 204) == (newcomer.reason, returned["status"])
