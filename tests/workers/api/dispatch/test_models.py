"""Reading what the Dispatch API answers, where half of it is not documented."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.api.dispatch.models import Customer, DispatchOrder, Product, Shipment, Upload, things
from workers.api.dispatch.office_models import Business, DispatchRun, DispatchWorkflow, Integration

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["guid", "name", "price", "address", "length"]), inner)
    ),
    max_leaves=8,
)
#: What must be there; all else may be missing, null or of another shape.
MODELS = [
    (DispatchOrder, {"guid": "g", "status": "pending"}),
    (Shipment, {"guid": "g"}),
    (Customer, {"guid": "g"}),
    (Product, {"guid": "g"}),
    (Upload, {"uploadId": "u"}),
    (Business, {"guid": "g"}),
    (DispatchRun, {"guid": "g"}),
    (DispatchWorkflow, {"guid": "g"}),
    (Integration, {"guid": "g"}),
]


@given(which=st.sampled_from(MODELS), data=st.data())
def test_anything_is_read_that_has_what_it_must_have(which, data):
    """A field that turns out to be a list is no reason to let every event of an order die."""
    model, needed = which
    names = [field.alias for field in model.model_fields.values() if field.alias not in {*needed, "raw"}]
    body = data.draw(st.dictionaries(st.sampled_from([*names, "surprise"]), json_values, max_size=4)) | needed

    read = model.model_validate(body)

    assert body == read.raw
    assert needed == {name: body[name] for name in needed}


@pytest.mark.parametrize(("model", "needed"), MODELS, ids=lambda one: getattr(one, "__name__", ""))
def test_what_must_be_there_is_asked_for(model, needed):
    """A thing without its guid would be looked for under none."""
    for name in needed:
        for body in ({**needed, name: None}, {**needed, name: []}, {}, [], None):
            with pytest.raises(ValueError):
                model.model_validate(body)


def test_what_is_of_the_documented_shape_is_typed():
    """The vendor's sample of a product, which says prices as numbers."""
    body = {
        "guid": "p-1",
        "name": "Shirt",
        "sku": "S-1",
        "price": 19.99,
        "weight": 0.2,
        "dimensions": {"length": 30, "width": 20, "height": 2},
        "variantCount": 3,
    }

    product = Product.model_validate(msgspec.json.decode(json.dumps(body)))

    assert ("19.99", "0.2", 3) == (str(product.price), str(product.weight), product.variant_count)
    assert ("30", None) == (str(product.dimensions.length), product.dimensions.weight)


def test_what_is_of_another_shape_is_left_out_and_kept():
    """An address is a text in shipments and an object in orders; who knows what else is."""
    order = DispatchOrder.model_validate(
        {"guid": "o", "status": "pending", "deliveryAddress": "Storgata 1, Oslo", "items": {"0": {}}}
    )

    assert (None, ()) == (order.delivery_address, order.items)
    assert "Storgata 1, Oslo" == order.raw["deliveryAddress"]


def test_a_list_is_read_thing_by_thing():
    """One that is none must not pass for an empty list."""
    assert ["a", "b"] == [one.guid for one in things(Shipment.model_validate)([{"guid": "a"}, {"guid": "b"}])]
    for answer in (None, {}, "x"):
        with pytest.raises(ValueError, match="expected a list"):
            things(Shipment.model_validate)(answer)


def test_values_stay_out_of_the_words_about_them():
    """An answer is a customer's data, and the words end up in dead letters and logs."""
    with pytest.raises(ValueError) as caught:
        DispatchOrder.model_validate({"guid": "o", "status": {"secret": "Kari"}})

    assert "Kari" not in str(caught.value)
