"""Reading what the API answers, where nearly nothing is documented."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.api.models import Installer, Order, OrderCreated, OrderPhase, Tag, UploadedFile, Webform, listed

STATUSES = {0: OrderPhase.CREATED, 3: OrderPhase.IN_PROGRESS}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "value", "orderId", "status", "tags", "data", "name", "displayId"]), inner
        )
    ),
    max_leaves=12,
)


def test_an_order_keeps_the_whole_object_beside_what_is_typed():
    """Conditions look into fields that we have no name for."""
    body = {
        "id": "o-1",
        "displayId": "P1-42",
        "status": 3,
        "tags": [{"id": "t", "name": "vip"}],
        "colour": "red",
    }

    order = Order.read(body, statuses=STATUSES)

    assert ("o-1", "P1-42", 3, OrderPhase.IN_PROGRESS) == (
        order.id,
        order.display_id,
        order.status,
        order.phase,
    )
    assert (Tag(id="t", name="vip"),) == order.tags
    assert body == order.raw


def test_a_number_without_a_row_has_no_phase():
    """The numbers are not documented: one that the table lacks must not be taken for another."""
    assert Order.read({"id": "o", "status": 77}, statuses=STATUSES).phase is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"status": 0}, id="no id"),
        pytest.param({"id": "", "status": 0}, id="empty id"),
        pytest.param({"id": "o"}, id="no status"),
        pytest.param({"id": "o", "status": True}, id="boolean status"),
        pytest.param({"id": "o", "status": "created"}, id="status in words"),
        pytest.param({"id": "o", "status": 0, "tags": "vip"}, id="tags not a list"),
        pytest.param([], id="a list"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_no_order_is_refused(body):
    """An order with a guessed status could be dispatched twice."""
    with pytest.raises(ValueError):
        Order.read(body, statuses=STATUSES)


@pytest.mark.parametrize("name", ["data", "value"])
def test_an_object_may_come_in_an_envelope(name):
    """No sample of the answer is published; both envelopes are in use by the vendor's kin."""
    assert "o" == Order.read({name: {"id": "o", "status": 0}, "success": True}, statuses=STATUSES).id


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"value": "v", "id": "i", "orderId": "o"}, "v", id="value first"),
        pytest.param({"id": "i", "orderId": "o"}, "i", id="then id"),
        pytest.param({"orderId": "o"}, "o", id="then orderId"),
        pytest.param({"value": None, "id": "i"}, "i", id="null is not there"),
        pytest.param({"id": 17}, "17", id="a number"),
    ],
)
def test_the_id_of_a_new_order_is_found_under_each_of_its_names(body, expected):
    """One client has seen `value`, another read `id`, and the duplicate carries `orderId`."""
    assert expected == OrderCreated.read(body, duplicate=False).id


def test_a_new_order_says_where_the_client_sees_it_and_whether_it_is_new():
    """The only answer on record has these three fields."""
    created = OrderCreated.read({"value": "v", "displayId": "P1", "clientUrl": "https://c"}, duplicate=True)

    assert ("v", "P1", "https://c", True) == (
        created.id,
        created.display_id,
        created.client_url,
        created.duplicate,
    )


def test_other_answers_are_read_by_the_names_their_ids_may_have():
    """The vendor writes file_id here and fileIds there; an installer's id goes into organizationId."""
    assert "f" == UploadedFile.model_validate({"file_id": "f"}).id
    assert "f" == UploadedFile.model_validate({"fileId": "f"}).id
    assert "i" == Installer.read({"organizationId": "i", "name": "Volt"}).id
    assert "w" == Webform.read({"webformId": "w"}).id


@pytest.mark.parametrize("body", [[1], {"data": [1]}, {"value": [1]}], ids=["bare", "data", "value"])
def test_a_list_may_come_bare_or_in_an_envelope(body):
    """The shape of the list of installers is not documented."""
    assert [1] == listed(body)


def test_values_stay_out_of_the_words_about_them():
    """An answer is a customer's data, and the words end up in dead letters and logs."""
    with pytest.raises(ValueError) as caught:
        Order.read({"id": "o", "status": "Kari Nordmann"}, statuses=STATUSES)

    assert "Kari" not in str(caught.value)
    assert "Kari" not in repr(Order.read({"id": "o", "status": 0, "customerName": "Kari"}, statuses={}))


@given(json_values)
def test_any_json_is_read_or_is_a_value_error(body):
    """A worker that meets another exception would take the API's fault for its own."""
    for read in (
        lambda: Order.read(body, statuses=STATUSES),
        lambda: OrderCreated.read(body, duplicate=False),
        lambda: Installer.read(body),
        lambda: [Tag.model_validate(tag) for tag in listed(body)],
    ):
        with suppress(ValueError):
            read()
