"""Reading JSON bodies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import Refusal
from sandbox.operations import read_json
from sandbox.wire import json_bytes


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body):
    """What is read can be written again, so that no answer fails on what a caller sent."""
    try:
        value = read_json(body)
    except Refusal:
        return

    assert value == json.loads(json_bytes(value))


def test_no_body_is_an_empty_object():
    """Calls that need no body may send none."""
    assert {} == read_json(b"")


@pytest.mark.parametrize("body", [b"NaN", b"1e999", b'"\\ud800"', b"[" * 100_000, b"9" * 5_000, b"\xff"])
def test_what_could_not_be_answered_back_is_refused(body):
    """Python reads more than JSON has."""
    with pytest.raises(Refusal, match="not valid JSON"):
        read_json(body)
