"""The shops' clients against the sandbox's shops: repeats change nothing, and each failure says who must act."""

import json
from pathlib import Path

import aiohttp
import pytest

from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.workers.providers.test_store import a_provider
from workers import egress
from workers.failures import Moot, OrderGone, Permanent, Transient, Unauthorized
from workers.providers.news import News, Tracking
from workers.providers.provider import Credentials, Kind
from workers.providers.shops import SHOPIFY_RATE_PER_S, client_of, terms_of

pytestmark = pytest.mark.anyio

WOOCOMMERCE, SHOPIFY = Kind.WOOCOMMERCE, Kind.SHOPIFY
GOOD = {
    WOOCOMMERCE: Credentials.of("ck_sandbox", "cs_sandbox"),
    SHOPIFY: Credentials.of("shpat_sandbox", "shpss_sandbox"),
}
DISPATCHED = News(stage="dispatched", reference="P1-1", tracking=Tracking(number="TRK1", carrier="Posten"))
COMPLETED = News(stage="completed", reference="P1-1")
SAMPLES = Path(__file__).parent / "samples"


class Running:
    """A sandbox, and clients of its shops."""

    def __init__(self, url, session):
        self.url, self.session = url, session

    def client(self, kind, credentials=None, session=None):
        provider = a_provider(kind=kind, store_url=f"{self.url}/shops/{kind}")
        return client_of(provider, credentials or GOOD[kind], session or self.session)

    async def door(self, method, path, body=None):
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.url}/_sandbox{path}", json=body) as answer,
        ):
            text = await answer.text()
            assert 300 > answer.status, text
            return [json.loads(line) for line in text.splitlines()]

    async def sold(self, kind, **fields) -> str:
        (order,) = await self.door("POST", "/orders", {"system": str(kind), "order": fields})
        return str(order["id"])

    async def effects(self) -> list[str]:
        return [one["effect"] for one in await self.door("GET", "/effects")]

    async def fault(self, **fault):
        await self.door("PUT", "/faults", {"faults": [fault]})


@pytest.fixture(name="running")
async def _running():
    async with (
        serving(SandboxConfig(port=0)) as url,
        egress.open_session(allow_private=True) as session,
    ):
        yield Running(url, session)


@pytest.mark.parametrize("kind", Kind)
async def test_good_credentials_pass_the_check(running, kind):
    """It reads, and changes nothing."""
    await running.client(kind).check()

    assert [] == await running.effects()


@pytest.mark.parametrize("kind", Kind)
async def test_refused_credentials_are_an_operators_matter(running, kind):
    """The event waits; the words say what to do, and show nothing of what was sent."""
    with pytest.raises(Unauthorized, match="refuses its credentials") as caught:
        await running.client(kind, Credentials.of("wrong-key", "wrong-secret")).check()

    assert "wrong" not in caught.value.message


@pytest.mark.parametrize("kind", Kind)
async def test_an_order_that_is_gone_ends_the_run(running, kind):
    """Nobody can be told of it, and nobody need look."""
    with pytest.raises(OrderGone):
        await running.client(kind).tell("1", DISPATCHED, idempotency_key="key")


@pytest.mark.parametrize(
    ("kind", "once"),
    [
        (WOOCOMMERCE, ["woocommerce.create_note", "woocommerce.update_order"]),
        (SHOPIFY, ["shopify.create_fulfillment", "shopify.update_order"]),
    ],
    ids=str,
)
async def test_news_are_written_once(running, kind, once):
    """What stands there is read before it is written, so that a repeat under another key changes nothing either."""
    order, client = await running.sold(kind), running.client(kind)

    first = await client.tell(order, DISPATCHED, idempotency_key="key")
    again = await client.tell(order, DISPATCHED, idempotency_key="another")

    assert (False, True) == (first["already"], again["already"])
    assert once == await running.effects()


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (WOOCOMMERCE, "woocommerce.create_note"),
        (WOOCOMMERCE, "woocommerce.update_order"),
        (SHOPIFY, "shopify.create_fulfillment"),
        (SHOPIFY, "shopify.update_order"),
    ],
)
async def test_a_lost_answer_is_no_second_note_and_no_second_parcel(running, kind, operation):
    """The outcome is unknown; the next attempt reads the state, then acts. The shops know no idempotency key."""
    order, client = await running.sold(kind), running.client(kind)
    await running.fault(fault="reset_after_effect", operation=operation, times=1)
    with pytest.raises(Transient) as caught:
        await client.tell(order, DISPATCHED, idempotency_key="first")

    await client.tell(order, DISPATCHED, idempotency_key="second")

    effects = await running.effects()
    assert "unknown" == caught.value.effect
    assert len(set(effects)) == len(effects) == 2


async def test_completion_completes_what_is_open(running):
    """An order that somebody put on hold meanwhile is completed; one that was refunded is left alone."""
    open_, refunded = (
        await running.sold(WOOCOMMERCE, status="on-hold"),
        await running.sold(WOOCOMMERCE, status="refunded"),
    )
    client = running.client(WOOCOMMERCE)

    told = await client.tell(open_, COMPLETED, idempotency_key="key")
    with pytest.raises(Moot, match="refunded"):
        await client.tell(refunded, COMPLETED, idempotency_key="key")

    assert "completed" == told["status"]
    assert "completed" == (await client.get_order(open_))["status"]


async def test_dispatch_without_tracking_fulfils_nothing_in_shopify(running):
    """To fulfil tells the customer that goods are on their way; dispatch to an installer does not say that."""
    order, client = await running.sold(SHOPIFY), running.client(SHOPIFY)

    await client.tell(order, News(stage="dispatched"), idempotency_key="key")

    assert ["shopify.update_order"] == await running.effects()


async def test_tags_of_others_stay(running):
    """The field holds all of them: who writes it writes all."""
    order, client = await running.sold(SHOPIFY, tags="vip, fragile"), running.client(SHOPIFY)

    await client.tell(order, DISPATCHED, idempotency_key="key")
    await client.tell(order, COMPLETED, idempotency_key="key2")

    assert "vip, fragile, orderhook-completed" == (await client.get_order(order))["tags"]


@pytest.mark.parametrize("kind", Kind)
async def test_a_shop_in_our_own_network_is_not_called(running, kind):
    """The address came from a caller of the API; the guard looks at where it leads, each time."""
    async with egress.open_session() as guarded:
        with pytest.raises(Permanent) as caught:
            await running.client(kind, session=guarded).check()

    assert "blocked_destination" == caught.value.reason


@pytest.mark.parametrize(
    "fault",
    [{"fault": "status_429"}, {"fault": "status_500"}, {"fault": "invalid_json"}, {"fault": "reset_before"}],
    ids=lambda fault: fault["fault"],
)
@pytest.mark.parametrize("kind", Kind)
async def test_a_shop_in_trouble_is_tried_again(running, kind, fault):
    """As with the order APIs: time may heal it."""
    order = await running.sold(kind)
    await running.fault(**fault)

    with pytest.raises(Transient):
        await running.client(kind).get_order(order)


def test_the_vendors_fulfillment_order_is_one_that_is_open():
    """The sandbox's is made like it."""
    found = json.loads((SAMPLES / "shopify_fulfillment_orders.json").read_text())["fulfillment_order"]

    assert ("open", ["create_fulfillment"]) == (found["status"], found["supported_actions"])


def test_each_shop_has_a_budget_of_its_own():
    """One slow shop holds up nobody else; of Shopify the limit is documented."""
    first = terms_of(a_provider(kind=SHOPIFY, store_url="https://a.myshopify.com"))
    second = terms_of(a_provider(store_url="https://shop.example.com/a"))

    assert first.name != second.name
    assert (SHOPIFY_RATE_PER_S, None) == (first.rate_per_s, second.rate_per_s)
