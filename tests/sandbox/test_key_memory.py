"""The memory of Idempotency-Keys."""

import pytest

from sandbox import key_memory
from sandbox.errors import Refusal
from sandbox.installer.paths import OPERATIONS
from sandbox.key_memory import KeyMemory
from sandbox.operations import Answer, Call


def a_call(name="dispatch_order", **changes):
    return Call(
        **{"operation": OPERATIONS[name], "path": "/a", "idempotency_key": "k", "body": b"{}"} | changes
    )


def test_a_repeated_call_gets_the_first_answer():
    """The very answer, not one made anew: the order may have moved on."""
    memory, answer = KeyMemory(), Answer(body={"n": 1})

    memory.remember(a_call(), answer)

    assert answer is memory.recall(a_call())


@pytest.mark.parametrize(
    "change",
    [{"path": "/b"}, {"idempotency_key": "other"}, {"name": "remove_tag"}],
    ids=["path", "key", "method"],
)
def test_another_call_is_new(change):
    """A key names a call of one path, and no more than that."""
    memory = KeyMemory()
    memory.remember(a_call(), Answer())

    assert memory.recall(a_call(**change)) is None


def test_a_key_with_another_body_is_refused():
    """Answering with the first outcome would hide that the second call never happened."""
    memory = KeyMemory()
    memory.remember(a_call(), Answer())

    with pytest.raises(Refusal, match="another body"):
        memory.recall(a_call(body=b'{"reason":"b"}'))


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        pytest.param(a_call(idempotency_key=None), Answer(), id="no key"),
        pytest.param(a_call("get_order"), Answer(), id="only reads"),
        pytest.param(a_call(), Answer(status=409), id="refused"),
    ],
)
def test_what_had_no_effect_is_not_remembered(call, answer):
    """Only effects must not be repeated."""
    memory = KeyMemory()

    memory.remember(call, answer)

    assert memory.recall(call) is None


def test_the_oldest_keys_go_first():
    """The memory is bounded."""
    memory = KeyMemory()
    for n in range(key_memory.KEPT + 1):
        memory.remember(a_call(idempotency_key=str(n)), Answer())

    assert memory.recall(a_call(idempotency_key="0")) is None
    assert memory.recall(a_call(idempotency_key="1")) is not None
