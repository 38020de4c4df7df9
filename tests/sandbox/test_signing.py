"""Calling the signer, and spoiling a signature without knowing its scheme."""

import pytest

from sandbox.deliveries import SentEvent
from sandbox.signing import signed_headers

EVENT = SentEvent(id="evt_1", type="order.created", subject="o", body=b"{}")


def of_the_body(_event_id, _type, timestamp, body):
    return [("x-time", str(timestamp)), ("x-sign", f"{len(body)}")]


def test_without_a_signer_there_are_no_headers():
    """The documented state of things."""
    assert [] == signed_headers(None, EVENT, timestamp=1, spoil=True)


def test_the_signer_gets_the_event_and_the_time():
    """What it signs is what is sent."""
    assert [("x-time", "7"), ("x-sign", "2")] == signed_headers(of_the_body, EVENT, timestamp=7, spoil=False)


def test_a_spoilt_signature_is_that_of_another_body():
    """The time stays right, so that a receiver refuses the signature and nothing else."""
    assert [("x-time", "7"), ("x-sign", "3")] == signed_headers(of_the_body, EVENT, timestamp=7, spoil=True)


@pytest.mark.parametrize(("value", "spoilt"), [("secret", "secrea"), ("alpha", "alphb"), ("", "a")])
def test_a_secret_that_signs_nothing_is_changed_itself(value, spoilt):
    """A static token is a scheme, too: the only one the vendor's documents allow to build."""
    found = signed_headers(lambda *_: [("x-token", value)], EVENT, timestamp=7, spoil=True)

    assert [("x-token", spoilt)] == found
