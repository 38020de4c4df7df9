"""
The built-in order actions: each reads before it acts, so that running it again does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from workers.actions import EventView, Registry, Step
from workers.api.models import Order, OrderPhase, Tag
from workers.failures import BadResponse, Conflict, Failure, Moot, OrderGone, Permanent, Transient

VIP = Tag(id="t-vip", name="vip")
NORTH = Tag(id="t-north", name="north")
REGISTRY = Registry.load()


def an_order(phase: OrderPhase | None = OrderPhase.CREATED, *, tags: Sequence[Tag] = ()) -> Order:
    status = 99 if phase is None else list(OrderPhase).index(phase)
    return Order(id="order-1", display_id="P1-42", status=status, tags=tuple(tags), phase=phase)


@dataclass
class FakeOrderApi:
    """An order API with one order and a memory of the calls; `before` and `refuse` happen ahead of a call by name."""

    order: Order | None = field(default_factory=an_order)
    tags: list[Tag] = field(default_factory=lambda: [VIP, NORTH])
    calls: list[tuple[object, ...]] = field(default_factory=list)
    refuse: dict[str, Failure] = field(default_factory=dict)
    before: dict[str, object] = field(default_factory=dict)
    forgetful: bool = False

    async def get_order(self, order_id: str) -> Order:
        self._called("get_order", order_id)
        if self.order is None:
            raise OrderGone(f"order {order_id} is not there")
        return self.order

    async def dispatch_order(self, order_id: str, *, idempotency_key: str) -> None:
        self._called("dispatch_order", order_id, idempotency_key)
        self._change(phase=OrderPhase.DISPATCHING, status=1)

    async def cancel_order(self, order_id: str, *, reason: str | None, idempotency_key: str) -> None:
        self._called("cancel_order", order_id, reason, idempotency_key)
        self._change(phase=OrderPhase.CANCELLED, status=6)

    async def list_tags(self) -> list[Tag]:
        self._called("list_tags")
        return list(self.tags)

    async def create_tags(self, names: Sequence[str], *, idempotency_key: str) -> list[Tag]:
        self._called("create_tags", tuple(names), idempotency_key)
        made = [Tag(id=f"t-{name}", name=name) for name in names]
        self.tags += made
        return [] if self.forgetful else made

    async def assign_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        self._called("assign_tag", order_id, tag_id, idempotency_key)
        self._change(tags=(*self.order.tags, *(tag for tag in self.tags if tag.id == tag_id)))

    async def remove_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        self._called("remove_tag", order_id, tag_id, idempotency_key)
        self._change(tags=tuple(tag for tag in self.order.tags if tag.id != tag_id))

    @property
    def changes(self) -> list[tuple[object, ...]]:
        return [call for call in self.calls if call[0] not in ("get_order", "list_tags")]

    def _called(self, *call: object) -> None:
        self.calls.append(call)
        if call[0] in self.before:
            vars(self).update(self.before.pop(call[0]))
        if call[0] in self.refuse:
            raise self.refuse.pop(call[0])

    def _change(self, **fields: object) -> None:
        self.order = self.order.model_copy(update=fields)


def a_step(api: FakeOrderApi | None, *, subject: str | None = "order-1") -> Step:
    event = EventView(
        source="installer",
        id="evt-1",
        type="order.created",
        subject=subject,
        occurred_at="2025-01-15T10:30:00Z",
        accepted_at="2025-01-15T10:30:02Z",
        stale=False,
        payload={},
        body=b"{}",
    )
    # The order as the conditions saw it: long out of date, to show that no action believes it.
    return Step(
        event=event,
        order={"status": 0, "tags": []},
        api=api,
        idempotency_key="key-1",
        attempt=1,
        workflow="Tag and dispatch",
        index=0,
    )


async def act(api: FakeOrderApi | None, name: str, *, step: Step | None = None, **params: object) -> dict:
    action = REGISTRY[name]
    return dict(await action.run(step or a_step(api), action.params.model_validate(params)))


@pytest.mark.anyio
async def test_fetch_order_records_where_the_order_stands():
    """What the record keeps holds no personal data."""
    api = FakeOrderApi()

    result = await act(api, "fetch_order")

    assert result == {"id": "order-1", "displayId": "P1-42", "status": 0, "phase": "created"}


@pytest.mark.anyio
async def test_dispatch_order_dispatches_a_created_order():
    """The step's own key goes along: it is the same in every attempt."""
    api = FakeOrderApi()

    result = await act(api, "dispatch_order")

    assert api.calls == [("get_order", "order-1"), ("dispatch_order", "order-1", "key-1")]
    assert result == {"already": False, "status": 0, "phase": "created"}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param("dispatch_order", {}, id="dispatch_order"),
        pytest.param("cancel_order", {"reason": "Other"}, id="cancel_order"),
        pytest.param("assign_tag", {"tag": "imported"}, id="assign_tag"),
        pytest.param("remove_tag", {"tag": "north"}, id="remove_tag"),
    ],
)
@pytest.mark.anyio
async def test_a_second_run_changes_nothing(name, params):
    """A step whose outcome is unknown is run again: that is what `natural` promises."""
    api = FakeOrderApi(order=an_order(tags=[NORTH]))
    await act(api, name, **params)
    once = list(api.changes)

    result = await act(api, name, **params)

    assert api.changes == once
    assert result["already"] is True


@pytest.mark.parametrize("phase", ["dispatching", "scheduled", "in_progress", "completed"])
@pytest.mark.anyio
async def test_dispatch_order_leaves_an_order_that_is_further_on(phase):
    """The aim is reached; a second dispatch would offer the order to installers again."""
    api = FakeOrderApi(order=an_order(OrderPhase(phase)))

    result = await act(api, "dispatch_order")

    assert api.changes == []
    assert (result["already"], result["phase"]) == (True, phase)


@pytest.mark.anyio
async def test_dispatch_order_of_a_cancelled_order_ends_the_run():
    """Nobody wants it dispatched, and nobody should be woken to hear it: no dead letter."""
    api = FakeOrderApi(order=an_order(OrderPhase.CANCELLED))

    with pytest.raises(Moot) as caught:
        await act(api, "dispatch_order")

    assert (caught.value.reason, caught.value.effect, api.changes) == ("order_cancelled", "none", [])


@pytest.mark.parametrize(
    ("name", "phase", "reason"),
    [
        pytest.param("dispatch_order", OrderPhase.DECLINED, "order_not_dispatchable", id="dispatch-declined"),
        pytest.param("cancel_order", OrderPhase.COMPLETED, "order_not_cancellable", id="cancel-completed"),
    ],
)
@pytest.mark.anyio
async def test_what_only_a_person_can_decide_is_dead_at_once(name, phase, reason):
    """A declined order needs another installer, a completed one a word with the customer; retries help neither."""
    api = FakeOrderApi(order=an_order(phase))

    with pytest.raises(Permanent) as caught:
        await act(api, name)

    assert (caught.value.reason, caught.value.effect, api.changes) == (reason, "none", [])


@pytest.mark.parametrize(
    ("name", "call"),
    [
        pytest.param("dispatch_order", ("dispatch_order", "order-1", "key-1"), id="dispatch"),
        pytest.param("cancel_order", ("cancel_order", "order-1", None, "key-1"), id="cancel"),
    ],
)
@pytest.mark.anyio
async def test_an_unknown_status_number_stops_no_business(name, call):
    """The numbers are not documented: the action relies on the idempotency key, and says so."""
    api = FakeOrderApi(order=an_order(None))

    result = await act(api, name)

    assert api.changes == [call]
    assert result == {
        "already": False,
        "status": 99,
        "phase": None,
        "note": "status 99 has no phase; acted on the idempotency key alone",
    }


@pytest.mark.parametrize("phase", ["created", "dispatching", "scheduled", "in_progress", "declined"])
@pytest.mark.anyio
async def test_cancel_order_cancels_at_any_point_before_the_end(phase):
    """The vendor's page: an order can be cancelled at any point."""
    api = FakeOrderApi(order=an_order(OrderPhase(phase)))

    result = await act(api, "cancel_order", reason="Customer is not responding")

    assert api.changes == [("cancel_order", "order-1", "Customer is not responding", "key-1")]
    assert result["already"] is False


@pytest.mark.anyio
async def test_assign_tag_assigns_a_tag_that_exists():
    """Workflows speak of names, the API of ids."""
    api = FakeOrderApi()

    result = await act(api, "assign_tag", tag="vip")

    assert api.changes == [("assign_tag", "order-1", "t-vip", "key-1")]
    assert result == {"tag": "vip", "tagId": "t-vip", "already": False}


@pytest.mark.anyio
async def test_assign_tag_creates_a_tag_that_does_not_exist():
    """Under a key of its own, lest the assignment look like a repeat of it."""
    api = FakeOrderApi()

    await act(api, "assign_tag", tag="imported")

    assert api.changes == [
        ("create_tags", ("imported",), "key-1-tag"),
        ("assign_tag", "order-1", "t-imported", "key-1"),
    ]


@pytest.mark.anyio
async def test_a_tag_that_another_worker_created_meanwhile_is_used():
    """Two first orders of a day must not fail over one new tag."""
    imported = Tag(id="t-9", name="imported")
    api = FakeOrderApi(
        before={"create_tags": {"tags": [imported]}}, refuse={"create_tags": Conflict("exists")}
    )

    result = await act(api, "assign_tag", tag="imported")

    assert result == {"tag": "imported", "tagId": "t-9", "already": False}


@pytest.mark.anyio
async def test_a_created_tag_that_is_not_in_the_answer_is_tried_again():
    """The next attempt finds it in the list; to guess its id would be worse."""
    api = FakeOrderApi(forgetful=True)

    with pytest.raises(BadResponse) as caught:
        await act(api, "assign_tag", tag="imported")

    assert caught.value.effect == "unknown"
    assert (await act(api, "assign_tag", tag="imported"))["already"] is False


@pytest.mark.parametrize("name", ["assign_tag", "remove_tag"])
@pytest.mark.anyio
async def test_the_names_of_tags_are_exact(name):
    """`VIP` and `vip` are two tags upstream, as far as anybody has documented."""
    api = FakeOrderApi(order=an_order(tags=[VIP]))

    result = await act(api, name, tag="VIP")

    assert result["already"] is (name == "remove_tag")


@pytest.mark.anyio
async def test_remove_tag_removes_only_its_tag():
    """Others are somebody else's."""
    api = FakeOrderApi(order=an_order(tags=[VIP, NORTH]))

    await act(api, "remove_tag", tag="vip")

    assert api.order.tags == (NORTH,)


@pytest.mark.parametrize(
    ("name", "params", "order", "moved"),
    [
        pytest.param("dispatch_order", {}, an_order(), an_order(OrderPhase.SCHEDULED), id="dispatch"),
        pytest.param("cancel_order", {}, an_order(), an_order(OrderPhase.CANCELLED), id="cancel"),
        pytest.param("assign_tag", {"tag": "vip"}, an_order(), an_order(tags=[VIP]), id="assign"),
        pytest.param("remove_tag", {"tag": "vip"}, an_order(tags=[VIP]), an_order(), id="remove"),
    ],
)
@pytest.mark.parametrize("refusal", [Conflict("409"), OrderGone("404")], ids=["409", "404"])
@pytest.mark.anyio
async def test_a_refusal_because_somebody_was_faster_is_success(name, params, order, moved, refusal):
    """
    The state is read once more: what was to be done is done.

    Source: fault U9.
    """
    api = FakeOrderApi(order=order, before={name: {"order": moved}}, refuse={name: refusal})

    result = await act(api, name, **params)

    assert result["already"] is True
    assert [call[0] for call in api.calls].count(name) == 1
    assert [call[0] for call in api.calls].count("get_order") == 2


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        pytest.param(Conflict("409"), Conflict, id="conflict-stays"),
        pytest.param(OrderGone("404"), Transient, id="404-of-an-order-that-is-there"),
    ],
)
@pytest.mark.parametrize("name", ["dispatch_order", "cancel_order"])
@pytest.mark.anyio
async def test_a_refusal_that_the_state_does_not_explain_is_a_failure(name, refusal, expected):
    """A 404 for an order that can be read is a wrong path in the configuration, and must not look like success."""
    api = FakeOrderApi(refuse={name: refusal})

    with pytest.raises(expected) as caught:
        await act(api, name)

    assert not isinstance(caught.value, Moot)


@pytest.mark.anyio
async def test_an_order_that_was_cancelled_while_it_was_dispatched_ends_the_run():
    """The second reading decides by the same rules as the first."""
    cancelled = an_order(OrderPhase.CANCELLED)
    api = FakeOrderApi(
        before={"dispatch_order": {"order": cancelled}}, refuse={"dispatch_order": Conflict("409")}
    )

    with pytest.raises(Moot) as caught:
        await act(api, "dispatch_order")

    assert caught.value.reason == "order_cancelled"


@pytest.mark.parametrize(
    ("name", "params"),
    [
        pytest.param("fetch_order", {}, id="fetch_order"),
        pytest.param("dispatch_order", {}, id="dispatch_order"),
        pytest.param("cancel_order", {}, id="cancel_order"),
        pytest.param("assign_tag", {"tag": "vip"}, id="assign_tag"),
        pytest.param("remove_tag", {"tag": "vip"}, id="remove_tag"),
    ],
)
class TestEveryAction:
    @pytest.mark.anyio
    async def test_ends_the_run_where_the_order_is_gone(self, name, params):
        """
        A deleted order is expected and blocks no lane.

        Source: fault U8.
        """
        with pytest.raises(OrderGone):
            await act(FakeOrderApi(order=None), name, **params)

    @pytest.mark.anyio
    async def test_names_the_configuration_that_is_missing(self, name, params):
        """A source without `api` cannot act on orders; a retry will not give it one."""
        with pytest.raises(Permanent, match=r"add `api` to \[sources.installer\]") as caught:
            await act(None, name, **params)

        assert caught.value.reason == "api_missing"

    @pytest.mark.anyio
    async def test_needs_an_event_that_names_its_order(self, name, params):
        """Else a call would go out for the order `None`."""
        api = FakeOrderApi()

        with pytest.raises(Permanent) as caught:
            await act(api, name, step=a_step(api, subject=None), **params)

        assert (caught.value.reason, api.calls) == ("subject_missing", [])

    @pytest.mark.anyio
    async def test_reads_the_order_afresh(self, name, params):
        """What the conditions saw may be minutes old."""
        api = FakeOrderApi()

        await act(api, name, **params)

        assert api.calls[0] == ("get_order", "order-1")

    @pytest.mark.anyio
    async def test_lets_a_failure_of_the_api_through(self, name, params):
        """Whether to retry is not an action's decision."""
        api = FakeOrderApi(refuse={"get_order": Transient("503", effect="none")})

        with pytest.raises(Transient, match="503"):
            await act(api, name, **params)


@pytest.mark.anyio
async def test_the_key_is_that_of_the_step():
    """Two steps of one event must never share a key."""
    api = FakeOrderApi()

    await act(api, "dispatch_order", step=replace(a_step(api), idempotency_key="key-2"))

    assert api.changes == [("dispatch_order", "order-1", "key-2")]
