"""The action `create_order`, from the event in Redis to an order at the sandbox."""

import pytest

from receiver.config import ConfigError
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, expire_leases, record
from tests.workers.actions.conftest import DATA, FIELDS
from workers.settings import definitions

pytestmark = pytest.mark.anyio

STEP = {"type": "create_order", "at": "installer", "fields": FIELDS}


async def test_an_event_of_one_system_becomes_an_order_of_another(client, run, apis):
    """With the kinds that the fields have: a number stays one, a text a text."""
    accepted(client, an_event(data=DATA))

    await run(STEP)

    assert (Status.SUCCEEDED, "") == (record(client).status, record(client).error)
    ((order,), body) = (await apis.ask("GET", "/api/v1/orders"), None)
    assert body is None
    assert ("Heat pump", "Thereses gate 14", "NO") == (order["name"], order["address"], order["countryCode"])
    assert (59.93, {"erp": "evt-1"}) == (order["latitude"], order["metadata"])
    assert order["id"] in record(client).ledger["0.0"].detail


async def test_a_repeat_finds_the_order_that_is_there(client, run, apis):
    """The answer of the first call was lost; the key is in the body, where the API documents it."""
    await apis.fault(fault="reset_after_effect", operation="create_order", times=1)
    accepted(client, an_event(data=DATA))

    for _ in range(3):
        await run(STEP)
        expire_leases(client)

    assert Status.SUCCEEDED is record(client).status
    assert 1 == len(await apis.effects("order.create"))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(({"country": "Norway"}, "order_invalid", "countryCode"), id="no country"),
        pytest.param(({"street": None}, "template_failed", "address"), id="nothing"),
        pytest.param(({"latitude": 999}, "order_invalid", "latitude"), id="nowhere"),
    ],
)
async def test_an_order_that_cannot_be_is_a_dead_letter_that_names_the_field(client, run, apis, case):
    """Before anything is sent; and the values, which are a customer's, stay out of it."""
    data, reason, said = case
    changed = {name: value for name, value in (DATA | data).items() if value is not None}
    accepted(client, an_event(data=changed))

    await run(STEP)

    found = record(client)
    assert (Status.DEAD, reason) == (found.status, found.reason)
    assert said in found.error
    assert "Norway" not in found.error
    assert [] == await apis.effects()


async def test_an_api_that_creates_no_orders_is_said_to(client, run, apis):
    """The Dispatch API has no such call."""
    accepted(client, an_event(data=DATA))

    await run(STEP | {"at": "dispatch"})

    assert (Status.DEAD, "operation_missing") == (record(client).status, record(client).reason)


async def test_an_events_own_source_may_have_no_api(client, run):
    """Which of several sources the event comes from is known when it comes."""
    accepted(client, an_event(data=DATA))

    await run({name: value for name, value in STEP.items() if name != "at"})

    assert (Status.DEAD, "api_missing") == (record(client).status, record(client).reason)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"adress": "x"}, "no field 'adress'; did you mean address?", id="misspelt"),
        pytest.param({"city": None}, "an order needs city", id="missing"),
        pytest.param({"name": "{{ data.name"}, "name: line 1", id="syntax"),
        pytest.param(
            {"offer": {"lines": [{"name": "{% if %}"}]}}, r"offer.lines\[0\].name: line 1", id="deep"
        ),
    ],
)
async def test_wrong_fields_are_found_before_the_start(configured, fields, said):
    """And not with the first order of the day."""
    changed = {name: value for name, value in (FIELDS | fields).items() if value is not None}

    with pytest.raises(ConfigError, match=said):
        definitions(configured(STEP | {"fields": changed}))


async def test_a_source_without_an_api_is_found_before_the_start(configured):
    """And the sources that have one are named."""
    with pytest.raises(ConfigError, match="no source 'shop' with an order API; known: dispatch, installer"):
        definitions(configured(STEP | {"at": "shop"}))
