"""
Event types, and how Shopify writes them.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification.event_types import AS_THEY_ARE, Topics

#: Words with a regular plural, as resources have, and verbs that say what has happened.
RESOURCE = st.from_regex(r"[a-z][a-z_]{0,8}[a-df-rt-xz]", fullmatch=True)
VERB = st.from_regex(r"[a-z_]{1,8}ed", fullmatch=True)


@pytest.mark.parametrize(
    ("topic", "event_type"),
    [
        ("orders/create", "order.created"),
        ("orders/updated", "order.updated"),
        ("orders/delete", "order.deleted"),
        ("orders/paid", "order.paid"),
        ("orders/cancelled", "order.cancelled"),
        ("orders/partially_fulfilled", "order.partially_fulfilled"),
        ("draft_orders/create", "draft_order.created"),
        ("fulfillment_orders/moved", "fulfillment_order.moved"),
        ("companies/create", "company.created"),
        ("tax_summaries/create", "tax_summary.created"),
        ("refunds/create", "refund.created"),
    ],
)
def test_a_topic_is_read_and_written(topic, event_type):
    """Workflows are written once, for `order.created`, whichever shop it comes from."""
    assert event_type == Topics().read(topic)
    assert topic == Topics().write(event_type)


@pytest.mark.parametrize(
    ("topic", "event_type"),
    [
        ("products/update", "product.updated"),
        ("app/uninstalled", "app.uninstalled"),
        ("customer.tags_added", "customer.tags_added"),
        ("address/create", "address.created"),
        ("a/b/c", "a.b.c"),
        ("/", "."),
        ("ping", "ping"),
    ],
)
def test_a_topic_that_is_not_of_the_usual_form_is_still_read(topic, event_type):
    """A topic that is new to us must not stop a delivery."""
    assert event_type == Topics().read(topic)


@given(resource=RESOURCE, verb=VERB)
def test_a_written_type_is_read_back(resource, verb):
    """What the sandbox sends is what the receiver sees."""
    event_type = f"{resource}.{verb}"

    assert event_type == Topics().read(Topics().write(event_type))
    assert event_type == AS_THEY_ARE.read(AS_THEY_ARE.write(event_type))
