"""The order API with a memory of its writes: what is remembered, when, and that nothing else changes."""

import inspect
from types import SimpleNamespace

import pytest

from receiver.config import RawConfig, read_config
from workers.actions import OrderApi
from workers.api.models import OrderCreated, Tag
from workers.budget.visit import Visit, visiting
from workers.failures import Conflict, Failure, Permanent, RateLimited, Transient
from workers.lease import LeaseLost
from workers.loop_settings import EchoTypes
from workers.loops import WRITES, echoing, watched
from workers.loops.watched import CREATE, Echoing
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

HERE = Echoing(types={"shop": EchoTypes()}, window_s=60.0)
VISIT = Visit(source="shop", event_id="evt-1", depth=2)


class Notebook:
    """A memory that is read by the test; it can be away."""

    def __init__(self, log, *, away=None):
        self.log, self.away = log, away

    async def expect(self, echo, *, window_ms):
        if self.away:
            raise self.away
        if window_ms:
            self.log.append(("expect", echo.source, echo.order, list(echo.types), echo.cause))
        else:
            self.log.append(("forget", echo.key))


class Api:
    """An order API that says what it was asked, and fails where it is told to."""

    def __init__(self, log, *, failure=None, then=lambda: None):
        self.log, self.failure, self.then = log, failure, then

    async def list_tags(self):
        self.log.append(("list_tags",))
        return [Tag(id="t", name="vip")]

    async def assign_tag(self, order_id, tag_id, *, idempotency_key):
        self.log.append(("assign_tag", order_id, tag_id, idempotency_key))
        if self.failure:
            raise self.failure
        return "done"

    async def create_order(self, order, *, idempotency_key):
        self.log.append(("create_order", order, idempotency_key))
        self.then()
        return OrderCreated(id="new-1")


@pytest.fixture(name="log")
def _log():
    return []


def test_every_write_of_the_protocol_is_watched():
    """A write that is added to the protocol and not here would start workflows by its own echo."""
    calls = {name: inspect.signature(call) for name, call in vars(OrderApi).items() if name[0] != "_"}
    of_an_order = {
        name
        for name, signature in calls.items()
        if {"order_id", "idempotency_key"} <= signature.parameters.keys()
    }

    assert WRITES >= of_an_order
    assert CREATE in calls


async def test_a_write_is_remembered_before_it_is_sent(log):
    """The echo may come before the answer; it is one link deeper than the event that caused it."""
    with visiting(VISIT):
        answer = await watched(Api(log), Notebook(log), HERE).assign_tag("o-1", "t", idempotency_key="k")

    assert "done" == answer
    assert [
        ("expect", "shop", "o-1", ["order.updated"], "3 assign_tag shop evt-1"),
        ("assign_tag", "o-1", "t", "k"),
    ] == log


async def test_calls_of_a_part_of_the_client_are_seen(log):
    """An action of a user's own calls what the Dispatch client has beyond the protocol, for many orders at once."""

    async def assign_carrier(order_ids, carrier_id, *, idempotency_key):
        log.append(("assign_carrier", order_ids, carrier_id, idempotency_key))

    api = watched(SimpleNamespace(orders=SimpleNamespace(assign_carrier=assign_carrier)), Notebook(log), HERE)

    await api.orders.assign_carrier(["o-1", "o-2"], "c", idempotency_key="k")

    assert ["o-1", "o-2"] == [line[2] for line in log if line[0] == "expect"]
    assert ("assign_carrier", ["o-1", "o-2"], "c", "k") == log[-1]


async def test_a_read_goes_through_as_it_is(log):
    """The guard costs reads nothing."""
    assert [Tag(id="t", name="vip")] == await watched(Api(log), Notebook(log), HERE).list_tags()
    assert [("list_tags",)] == log


async def test_a_new_order_is_under_way_until_its_id_is_known(log):
    """Nobody can say before what it will be called; its event waits for the answer."""
    with visiting(VISIT):
        await watched(Api(log), Notebook(log), HERE).create_order("order", idempotency_key="k")

    assert [
        ("expect", "shop", None, ["order.created"], "3 create_order shop evt-1"),
        ("create_order", "order", "k"),
        ("expect", "shop", "new-1", ["order.created"], "3 create_order shop evt-1"),
        ("forget", "k"),
    ] == log


async def test_a_new_order_counts_although_it_cannot_be_remembered(log):
    """It is made; to fail now would make the step's outcome a question."""
    memory = Notebook(log)
    created = watched(Api(log, then=lambda: setattr(memory, "away", LeaseLost())), memory, HERE)

    assert "new-1" == (await created.create_order("order", idempotency_key="k")).id


async def test_an_order_is_not_made_that_cannot_be_remembered(log):
    """As with every write; nothing has happened yet."""
    with pytest.raises(RateLimited):
        await watched(Api(log), Notebook(log, away=LeaseLost()), HERE).create_order(
            "order", idempotency_key="k"
        )

    assert [] == log


@pytest.mark.parametrize(
    ("failure", "forgotten"),
    [
        (Permanent("422", effect="none"), True),
        (Transient("503", effect="unknown"), False),
        (Conflict("409", effect="none"), False),
    ],
    ids=["refused", "lost", "conflict"],
)
async def test_only_a_write_that_surely_had_no_effect_is_forgotten(log, failure, forgotten):
    """A conflict may be with an earlier sending of the same write, whose echo is yet to come."""
    with pytest.raises(Failure) as caught:
        await watched(Api(log, failure=failure), Notebook(log), HERE).assign_tag(
            "o-1", "t", idempotency_key="k"
        )

    assert failure is caught.value
    assert forgotten is (("forget", "k") in log)


@pytest.mark.parametrize(
    "away", [ConnectionError("no Redis"), TimeoutError(), LeaseLost()], ids=["down", "silent", "over"]
)
async def test_nothing_is_sent_while_the_memory_is_away(log, away):
    """An echo that nobody knows is how a loop begins; the event comes again and has used no attempt."""
    with pytest.raises(RateLimited) as caught:
        await watched(Api(log), Notebook(log, away=away), HERE).assign_tag("o", "t", idempotency_key="k")

    assert [] == log
    assert (False, "none") == (caught.value.uses_attempt, caught.value.effect)


async def test_a_write_that_raises_no_event_is_sent_as_it_is(log):
    """Where the settings say so there is nothing to remember."""
    silent = Echoing(types={"shop": EchoTypes(assign_tag=[])}, window_s=60.0)

    await watched(Api(log), Notebook(log, away=LeaseLost()), silent).assign_tag("o", "t", idempotency_key="k")

    assert [("assign_tag", "o", "t", "k")] == log


def test_all_sources_of_an_api_hear_the_echo(tmp_path):
    """Two sources of one API get an event each for every write, whichever of them caused it."""
    path = tmp_path / "orderhook.toml"
    path.write_text(
        "".join(
            f'[sources.{name}]\nsystem = "installer"\nscheme = {{ type = "unsigned" }}\n'
            f'api = {{ base_url = "http://{host}", token = "{name}" }}\n'
            for name, host in [("a", "one"), ("b", "one/"), ("c", "two")]
        )
        + "[sources.b.loop_guard]\necho_window_s = 300\n"
    )
    raw: RawConfig = read_config(environ={}, path=path)
    settings = worker_settings(raw)

    found = echoing("a", settings.apis, settings.loop_guards)

    assert (["a", "b"], 300) == (sorted(found.types), found.window_s)
