"""Bodies that somebody else has laid out: where type, subject, time and id stand, and which mappings are refused."""

import json
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from receiver import intake
from receiver.accept import NewEvent
from receiver.intake import Invalid, Reading
from receiver.mapping import EVENT_TYPE, MappingSettings, TypeMapping
from receiver.verification import Verified

TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.just("state"), inner, max_size=3),
    max_leaves=8,
)
PATH = st.lists(st.sampled_from(["state", "order", "0", "é", " "]), min_size=1, max_size=3).map(".".join)
TYPES = st.sampled_from(["order.updated", "order.completed"])
TYPE_MAPPING = st.one_of(
    st.builds(TypeMapping, constant=TYPES),
    st.builds(
        TypeMapping, path=PATH, words=st.dictionaries(TEXT, TYPES, max_size=2), otherwise=st.none() | TYPES
    ),
)

BY_STATE = {"path": "state", "words": {"Utført": "order.completed", "true": "order.updated", "3": "order.x"}}


def mapped(**table) -> MappingSettings:
    return MappingSettings.model_validate(table)


def event_type(payload, table) -> str | None:
    rule = mapped(type=table).type
    assert rule is not None
    return rule.read(payload)


def read(payload, reading: Reading, *, authentic: bool = True, now: float = 0.0) -> NewEvent | Invalid:
    verified = Verified(scheme="header", secret_index=0)
    return intake.read(json.dumps(payload).encode(), verified, reading, authentic=authentic, now=now)


@given(
    JSON,
    st.builds(
        Reading,
        source=st.just("b"),
        type=TYPE_MAPPING,
        subject_path=PATH,
        id_path=PATH | st.none(),
        occurred_path=PATH | st.none(),
    ),
    st.booleans(),
)
def test_any_json_under_any_mapping_gives_an_event_or_invalid(payload, reading, authentic):
    """The body is a template of a user's own: one that raises is a 5xx, and the sender sends it for days."""
    found = read(payload, reading, authentic=authentic)

    assert isinstance(found, NewEvent | Invalid)
    if isinstance(found, NewEvent) and not found.quarantine:
        assert EVENT_TYPE.match(found.type)
        assert len(found.subject) <= 256


@pytest.mark.parametrize(
    ("payload", "table", "expected"),
    [
        pytest.param({"kind": "order.paid"}, "kind", "order.paid", id="a path alone"),
        pytest.param({"a": [{"b": "x.y"}]}, "a.0.b", "x.y", id="through a list"),
        pytest.param({}, {"constant": "order.updated"}, "order.updated", id="a constant"),
        pytest.param({"event": "z"}, {"constant": "order.updated"}, "order.updated", id="whatever it says"),
        pytest.param({"state": "Utført"}, BY_STATE, "order.completed", id="a word"),
        pytest.param({"state": True}, BY_STATE, "order.updated", id="a boolean without quotes"),
        pytest.param({"state": 3}, BY_STATE, "order.x", id="a number without quotes"),
        pytest.param({"state": "open"}, BY_STATE, None, id="a word that is not listed"),
        pytest.param({"state": ["Utført"]}, BY_STATE, None, id="no word at all"),
        pytest.param({"state": "open"}, BY_STATE | {"otherwise": "order.y"}, "order.y", id="not listed, otherwise"),
        pytest.param({}, BY_STATE | {"otherwise": "order.y"}, "order.y", id="missing, otherwise"),
        pytest.param({"kind": "a b"}, {"path": "kind", "otherwise": "order.y"}, "order.y", id="no event type"),
        pytest.param({"kind": "a b"}, "kind", None, id="no event type and nothing else"),
    ],
)  # fmt: skip
def test_the_event_type_is_what_the_mapping_makes_of_the_body(payload, table, expected):
    """A template says what its writer's system says; workflows ask for event types."""
    assert expected == event_type(payload, table)


def test_what_has_no_type_is_kept_and_says_what_was_expected():
    """An operator must see which word is missing in the mapping, and no word of the customer's."""
    reading = Reading(source="b", type=TypeMapping.model_validate(BY_STATE))

    found = read({"state": "Kari Nordmann"}, reading)

    assert isinstance(found, NewEvent)
    assert "payload_invalid" == found.quarantine
    assert "no event type: expected a word that `mapping.type.words` lists at `state`" == found.error


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param({"type": {}}, "either path or constant", id="neither"),
        pytest.param(
            {"type": {"path": "a", "constant": "b"}}, "either path or constant", id="both path and constant"
        ),
        pytest.param({"type": {"constant": "b", "otherwise": "c"}}, "no otherwise", id="constant, otherwise"),
        pytest.param({"type": "a..b"}, "a dotted path such as data.id", id="no path"),
        pytest.param({"type": {"constant": "a b"}}, "pattern", id="no event type"),
        pytest.param({"id": "a", "same_body_s": 60}, "id or same_body_s", id="two ways to tell events apart"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(table, said):
    """It would be found out by the events that it loses."""
    with pytest.raises(ValidationError, match=said):
        mapped(**table)


class TestTheSameBody:
    """A template without an id or a time: an order that comes into a state twice sends the same bytes twice."""

    READING: ClassVar = Reading(source="b", same_body_ms=60_000)
    BODY: ClassVar = {"event": "order.updated", "data": {"id": "order-1"}}

    def test_it_is_a_new_event_that_claims_the_body_for_a_while(self):
        """By its digest alone the second would be a duplicate for a week, and nobody would look at the order."""
        first, second = (read(self.BODY, self.READING, now=now) for now in (1.0, 2.0))

        assert isinstance(first, NewEvent)
        assert isinstance(second, NewEvent)
        assert first.id != second.id
        assert 60_000 == first.guard_ms

    def test_an_id_of_the_senders_goes_before(self):
        """What has an id is told apart by it."""
        reading = Reading(source="b", same_body_ms=60_000, id_path="id")

        found = read({**self.BODY, "id": "evt-1"}, reading, now=1.0)

        assert isinstance(found, NewEvent)
        assert ("evt-1", 0) == (found.id, found.guard_ms)


def test_the_time_of_a_hint_is_not_taken():
    """One forged time in the future would make every later event of the order stale."""
    payload = {"event": "order.updated", "timestamp": "2099-01-01T00:00:00Z"}

    found = read(payload, Reading(source="b", takes_time=False))

    assert isinstance(found, NewEvent)
    assert "" == found.occurred
