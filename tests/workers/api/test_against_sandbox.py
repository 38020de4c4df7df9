"""The client against the sandbox: two tables of paths and shapes that were written apart must agree."""

import json
from uuid import UUID

import pytest

from receiver.secrets import Secret
from sandbox.config import SandboxConfig
from sandbox.installer.paths import OPERATIONS as SANDBOX_OPERATIONS
from sandbox.installer.phases import Phase
from sandbox.server import serving
from workers.api.installer import InstallerClient
from workers.api.models import OrderPhase
from workers.api.orders import NewOrder
from workers.api.paths import OPERATIONS, InstallerStatuses
from workers.failures import (
    BadResponse,
    Conflict,
    OrderGone,
    Permanent,
    RateLimited,
    Transient,
    Unauthorized,
)

pytestmark = pytest.mark.anyio

NEW = {
    "name": "Heat pump",
    "address": "Thereses gate 14",
    "city": "Oslo",
    "postal_code": "0358",
    "country_code": "NO",
    "email": "kari@example.com",
    "phone_number": "+4799900111",
    "contact_person_name": "Kari Nordmann",
    "metadata": {"erp": "A-1"},
}


class Running:
    """A sandbox, the client of it and the sandbox's own door."""

    def __init__(self, url, session, edge_to):
        self.url, self.session = url, session
        self.api = InstallerClient(edge_to(url, token=_token("sandbox-token")))
        self.stranger = InstallerClient(edge_to(url, token=_token("unknown")))

    async def fault(self, **fault):
        async with self.session.put(f"{self.url}/_sandbox/faults", json={"faults": [fault]}) as answer:
            assert 300 > answer.status

    async def effects(self):
        async with self.session.get(f"{self.url}/_sandbox/effects") as answer:
            return [json.loads(line) for line in (await answer.text()).splitlines()]

    async def created(self, key="new"):
        return (await self.api.create_order(NewOrder(**NEW), idempotency_key=key)).id


def _token(value):
    return Secret("env:TOKEN", value)


@pytest.fixture(name="sandbox", params=[{}], ids=["defaults"])
async def _sandbox(request, session, edge_to):
    async with serving(SandboxConfig(port=0, seed=1, **request.param)) as url:
        yield Running(url, session, edge_to)


def test_both_sides_name_the_same_operations_at_the_same_places():
    """Each has a table of its own, since the sandbox imports nothing of ours; drift would pass for a fault."""
    ours = {name: (one.route.method, one.route.path) for name, one in OPERATIONS.items()}

    assert ours == {name: (one.method, one.path) for name, one in SANDBOX_OPERATIONS.items()}


def test_both_sides_have_the_same_numbers():
    """But for nought they are invented, on both sides."""
    assert {phase.value: phase.word for phase in Phase} == InstallerStatuses().table()


async def test_an_order_goes_its_way_from_creation_to_dispatch(sandbox):
    """The documented integration flow: create, tag, dispatch."""
    api = sandbox.api

    created = await api.create_order(NewOrder(**NEW), idempotency_key="k-1")
    (tag,) = await api.create_tags(["imported"], idempotency_key="k-2")
    await api.assign_tag(created.id, tag.id, idempotency_key="k-3")
    await api.dispatch_order(created.id, idempotency_key="k-4")
    order = await api.get_order(created.id)

    assert not created.duplicate
    assert created.display_id == order.display_id
    assert (tag,) == order.tags == await api.list_tags()
    assert OrderPhase.DISPATCHING is order.phase
    assert ("0358", {"erp": "A-1"}) == (order.raw["postalCode"], order.raw["metadata"])
    assert [created.id] == [one.id for one in await api.list_orders()]


async def test_a_tag_is_taken_off_and_an_order_cancelled(sandbox):
    """The two other changes of state."""
    api, order_id = sandbox.api, await sandbox.created()
    (tag,) = await api.create_tags(["vip"], idempotency_key="k-1")
    await api.assign_tag(order_id, tag.id, idempotency_key="k-2")

    await api.remove_tag(order_id, tag.id, idempotency_key="k-3")
    await api.cancel_order(order_id, reason="Other", idempotency_key="k-4")
    order = await api.get_order(order_id)

    assert () == order.tags
    assert OrderPhase.CANCELLED is order.phase


async def test_a_file_goes_with_an_order(sandbox):
    """The upload answers file_id, and create order takes fileIds."""
    uploaded = await sandbox.api.upload_file(
        b"%PDF", name="a.pdf", media_type="application/pdf", idempotency_key="f"
    )

    order = NewOrder(**NEW, file_ids=(UUID(uploaded.id),))

    assert not (await sandbox.api.create_order(order, idempotency_key="k")).duplicate


async def test_installers_are_listed(sandbox):
    """The path is the vendor's, the shape is ours on both sides."""
    installers = await sandbox.api.list_installers()

    assert installers
    assert all(UUID(one.id) and one.name for one in installers)


async def test_an_order_is_made_by_a_web_form(sandbox):
    """What a form takes is the form's own; the sandbox's takes the fields of create order."""
    async with sandbox.session.get(f"{sandbox.url}/_sandbox") as answer:
        form_id = (await answer.json())["webformId"]

    form = await sandbox.api.get_webform(form_id)
    created = await sandbox.api.create_webform_order(form.id, NewOrder(**NEW).body(), idempotency_key="k")

    assert form_id == form.id
    assert created.id == (await sandbox.api.get_order(created.id)).id


@pytest.mark.parametrize(
    ("sandbox", "told"),
    [
        pytest.param({"honour_idempotency_key": False}, True, id="409"),
        pytest.param({"honour_idempotency_key": True}, False, id="the first answer again"),
    ],
    indirect=["sandbox"],
)
async def test_the_same_key_gives_the_same_order(sandbox, told):
    """A retry after a lost answer must not order twice, whether the key or the header is known."""
    first = await sandbox.api.create_order(NewOrder(**NEW), idempotency_key="k")

    second = await sandbox.api.create_order(NewOrder(**NEW), idempotency_key="k")

    assert (first.id, told) == (second.id, second.duplicate)
    assert 1 == len(await sandbox.api.list_orders())


@pytest.mark.parametrize(
    "sandbox", [{"honour_idempotency_key": False, "duplicate_status": 400}], indirect=True
)
async def test_a_key_that_is_refused_without_an_id_says_so(sandbox):
    """The vendor's own text has 400 here: the order is there, but only a person can find it."""
    await sandbox.created("k")

    with pytest.raises(Conflict, match="the order exists"):
        await sandbox.created("k")

    assert 1 == len(await sandbox.api.list_orders())


async def test_an_order_that_never_was_is_gone(sandbox):
    """The run ends; a wrong path, which is another 404, is reported as such."""
    with pytest.raises(OrderGone):
        await sandbox.api.get_order(str(UUID(int=7)))


async def test_a_stranger_is_unauthorized(sandbox):
    """The one error body that is documented."""
    with pytest.raises(Unauthorized, match="operator"):
        await sandbox.stranger.list_tags()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param({"fault": "status_429", "retry_after": 7}, RateLimited, id="rate limit"),
        pytest.param({"fault": "status_500", "status": 503, "retry_after": 7}, Transient, id="503"),
        pytest.param({"fault": "reset_before"}, Transient, id="reset"),
        pytest.param({"fault": "invalid_json"}, BadResponse, id="no JSON"),
        pytest.param({"fault": "expired_token"}, Unauthorized, id="expired token"),
    ],
)
async def test_each_fault_of_the_sandbox_is_the_failure_that_it_plays(sandbox, fault, kind):
    """Chaos tests rely on these faults; they must be read as what they stand for."""
    order_id = await sandbox.created()
    await sandbox.fault(operation="get_order", **fault)

    with pytest.raises(kind) as caught:
        await sandbox.api.get_order(order_id)

    assert kind is type(caught.value)
    assert (7.0 if "retry_after" in fault else None) == caught.value.retry_after_s


async def test_a_reset_after_the_effect_is_made_good_by_the_key(sandbox):
    """The effect is there and the answer is lost: repeated with its key, it is there once."""
    order_id = await sandbox.created()
    await sandbox.fault(fault="reset_after_effect", operation="dispatch_order", times=1)

    with pytest.raises(Transient) as caught:
        await sandbox.api.dispatch_order(order_id, idempotency_key="k")
    await sandbox.api.dispatch_order(order_id, idempotency_key="k")

    assert "unknown" == caught.value.effect
    assert 1 == sum("dispatch" in json.dumps(effect) for effect in await sandbox.effects())


async def test_a_move_that_is_not_legal_is_refused_for_good(sandbox):
    """What is cancelled cannot be dispatched; no retry helps."""
    order_id = await sandbox.created()
    await sandbox.api.cancel_order(order_id, reason=None, idempotency_key="k-1")

    with pytest.raises((Conflict, Permanent)):
        await sandbox.api.dispatch_order(order_id, idempotency_key="k-2")
