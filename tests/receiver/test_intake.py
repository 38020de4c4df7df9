"""From a verified delivery to an event: the rules for id, type, subject and time, and what is quarantined."""

import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from receiver import intake, keys
from receiver.accept import NewEvent
from receiver.intake import Invalid, Reading
from receiver.mapping import TypeMapping
from receiver.verification import Verified

READING = Reading(source="shop")
#: What may stand in a key: no colon, no brace, no space, no line end; at most 128 characters.
SAFE = re.compile(r"[A-Za-z0-9._~-]{1,128}")

ANY_TEXT = st.text(max_size=40)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "event": ANY_VALUE,
        "type": ANY_VALUE,
        "id": ANY_VALUE,
        "timestamp": ANY_VALUE,
        "occurredAt": ANY_VALUE,
        "data": st.fixed_dictionaries({}, optional={"id": ANY_VALUE}) | ANY_VALUE,
    },
)


def verified(**changes: Any) -> Verified:
    fields: dict[str, Any] = {"scheme": "standard-webhooks", "secret_index": 0, "event_id": "msg-1"}
    return Verified(**fields | changes)


def read(
    payload: Any, *, reading: Reading = READING, authentic: bool = True, now: float = 0.0, **of_scheme: Any
) -> NewEvent | Invalid:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return intake.read(body, verified(**of_scheme), reading, authentic=authentic, now=now)


def an_event(payload: Any, **options: Any) -> NewEvent:
    found = read(payload, **options)
    assert isinstance(found, NewEvent)
    assert found.quarantine == "", found.error
    return found


def with_type(**payload: Any) -> dict[str, Any]:
    return {"event": "order.created", **payload}


class TestAnyBytes:
    @given(st.binary(max_size=100), st.booleans())
    @example(b"", True)
    @example(b"[]", False)
    def test_any_bytes_give_an_event_or_invalid(self, body, authentic):
        """A verified body that raises is a 5xx that its sender can cause at will."""
        found = read(body, authentic=authentic)

        assert isinstance(found, NewEvent | Invalid)
        assert not (authentic and isinstance(found, Invalid))

    @given(LIKELY, st.sampled_from([None, "id", "data.id", "data"]), st.sampled_from([None, "msg-1"]))
    def test_what_names_a_key_is_always_safe(self, payload, id_path, scheme_id):
        """Ids with colons, braces or line ends would let a sender write beside its own keys."""
        found = read(payload, reading=Reading(source="shop", id_path=id_path), event_id=scheme_id)

        assert isinstance(found, NewEvent)
        assert SAFE.fullmatch(found.id)
        assert SAFE.fullmatch(found.lane)
        assert len(found.subject) <= 256
        assert re.fullmatch(r"(-?\d{1,15})?", found.occurred)
        assert re.fullmatch(r"[0-9a-f]{32}", found.digest)
        assert 3 == keys.event("shop", found.id).count(":")

    @given(LIKELY)
    def test_the_same_delivery_is_the_same_event(self, payload):
        """Ids that are derived must not depend on anything but the delivery, or no redelivery is a duplicate."""
        assert read(payload, event_id=None) == read(payload, event_id=None)


class TestEventType:
    @pytest.mark.parametrize(
        ("payload", "header", "expected"),
        [
            pytest.param({"event": "order.created"}, None, "order.created", id="event"),
            pytest.param({"type": "order.paid"}, None, "order.paid", id="type"),
            pytest.param({"event": "a", "type": "b"}, "c", "a", id="event before type and header"),
            pytest.param({"event": 1, "type": "b"}, None, "b", id="event is no text"),
            pytest.param({}, "order.updated", "order.updated", id="the scheme's header"),
            pytest.param({"event": None}, "order.updated", "order.updated", id="null, then the header"),
        ],
    )
    def test_it_is_in_the_body_else_in_the_header(self, payload, header, expected):
        """The order is part of the public contract."""
        assert expected == an_event(payload, event_type=header).type

    def test_a_configured_path_is_the_only_place(self):
        """Who says where the type stands does not want another one to be guessed."""
        reading = Reading(source="shop", type=TypeMapping(path="meta.kind"))

        assert "x.y" == an_event({"meta": {"kind": "x.y"}, "event": "z"}, reading=reading).type
        assert "payload_invalid" == read({"event": "z"}, reading=reading, event_type="z").quarantine

    @pytest.mark.parametrize(
        "text", ["", " ", "order created", "order\n", "é", "x" * 129, ".hidden", "a\u0000"], ids=repr
    )
    def test_what_is_no_name_is_no_type(self, text):
        """Types stand in logs, tables and workflow triggers."""
        assert "payload_invalid" == read({"event": text}).quarantine


class TestEventId:
    def test_the_schemes_id_names_the_event(self):
        """It is what the sender keeps through its own retries."""
        assert "msg-1" == an_event(with_type(id="other")).id

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("evt_1", "evt_1", id="text"),
            pytest.param(17, "17", id="number"),
            pytest.param("", "msg-1", id="empty"),
            pytest.param(None, "msg-1", id="null"),
            pytest.param(True, "msg-1", id="boolean"),
            pytest.param(["a"], "msg-1", id="list"),
        ],
    )
    def test_a_configured_path_comes_first(self, value, expected):
        """Stripe keeps its id in the body; where it is missing, the scheme's id is better than none."""
        reading = Reading(source="shop", id_path="id")

        assert expected == an_event(with_type(id=value), reading=reading).id

    @pytest.mark.parametrize(
        "value", ["a:b", "rq:job:1", "{tag}", "a b", "a\nb", "a*", "x" * 129, "ø", "~" + "0" * 32]
    )
    def test_an_unsafe_id_becomes_its_digest(self, value):
        """It still tells events apart, and a sender can neither escape its prefix nor choose a digest."""
        reading = Reading(source="shop", id_path="id")

        found = an_event(with_type(id=value), reading=reading)

        assert "~" + hashlib.sha256(value.encode()).hexdigest()[:32] == found.id

    def test_without_any_id_it_is_derived_from_the_delivery(self):
        """The same delivery again is a duplicate, another one is not."""
        first, again, other = (
            an_event(with_type(data={"id": "order-1"}, timestamp=stamp), event_id=None).id
            for stamp in (1, 1, 2)
        )

        assert first == again != other

    def test_a_derived_id_cannot_be_shifted_between_fields(self):
        """`ab` + `c` and `a` + `bc` are different events."""
        ids = {
            an_event({"event": kind, "data": {"id": subject}}, event_id=None).id
            for kind, subject in [("ab", "c"), ("a", "bc")]
        }

        assert 2 == len(ids)


class TestSubject:
    @pytest.mark.parametrize(
        ("value", "subject", "lane"),
        [
            pytest.param("order-1", "order-1", "order-1", id="text"),
            pytest.param(17, "17", "17", id="number"),
            pytest.param("", "", "msg-1", id="empty: a lane of its own"),
            pytest.param(None, "", "msg-1", id="null: a lane of its own"),
            pytest.param(True, "", "msg-1", id="boolean: a lane of its own"),
            pytest.param({"x": 1}, "", "msg-1", id="object: a lane of its own"),
        ],
    )
    def test_it_names_the_lane(self, value, subject, lane):
        """Events without a subject must not queue up behind each other."""
        found = an_event(with_type(data={"id": value}))

        assert (subject, lane) == (found.subject, found.lane)

    @pytest.mark.parametrize("value", ["a:b", "{tag}", "Ordre 17 æ", "rq:queue:x"])
    def test_an_unsafe_subject_is_kept_and_its_lane_is_a_digest(self, value):
        """Operators see what the sender said; keys do not."""
        found = an_event(with_type(data={"id": value}))

        assert value == found.subject
        assert "~" + hashlib.sha256(value.encode()).hexdigest()[:32] == found.lane

    def test_a_megabyte_of_subject_becomes_a_digest(self):
        """It would stand in the record, in the lane's key and in every table."""
        found = an_event(with_type(data={"id": "x" * 1_000_000}))

        assert 33 == len(found.subject)

    def test_the_path_is_the_sources(self):
        """Shopify's order is the body itself."""
        assert "99" == an_event(with_type(id=99), reading=Reading(source="shop", subject_path="id")).subject

    def test_a_deep_path_goes_through_lists(self):
        """A sender of batches names the first."""
        reading = Reading(source="shop", subject_path="data.orders.0.id")

        assert "b" == an_event(with_type(data={"orders": [{"id": "b"}]}), reading=reading).subject


class TestOccurred:
    @pytest.mark.parametrize(
        ("payload", "expected"),
        [
            pytest.param({"timestamp": "2024-05-01T12:00:00Z"}, "1714564800000", id="ISO with Z"),
            pytest.param({"timestamp": "2024-05-01T14:00:00+02:00"}, "1714564800000", id="ISO with offset"),
            pytest.param(
                {"timestamp": "2024-05-01T12:00:00.250Z"}, "1714564800250", id="ISO with milliseconds"
            ),
            pytest.param({"timestamp": "2024-05-01T12:00:00"}, "1714564800000", id="ISO without zone is UTC"),
            pytest.param({"timestamp": 1714564800}, "1714564800000", id="seconds"),
            pytest.param({"timestamp": 1714564800250}, "1714564800250", id="milliseconds"),
            pytest.param(
                {"timestamp": "now", "occurredAt": 1714564800}, "1714564800000", id="the next place"
            ),
            pytest.param({"created": 1714564800}, "1714564800000", id="the last place"),
            pytest.param({}, "", id="none"),
            pytest.param({"timestamp": -5}, "", id="negative"),
            pytest.param({"timestamp": 10**15}, "", id="too large"),
            pytest.param({"timestamp": True}, "", id="boolean"),
            pytest.param({"timestamp": "9999-12-31T23:59:59-23:59"}, "253402387139000", id="the end of time"),
            pytest.param({"timestamp": "0001-01-01T00:00:00+23:59"}, "-62135683140000", id="before time"),
        ],
    )
    def test_it_is_read_in_each_common_form(self, payload, expected):
        """By it a late delivery is told from a fresh one; what is unclear is no time at all."""
        assert expected == an_event(with_type(**payload)).occurred

    def test_a_configured_path_is_the_only_place(self):
        """Another time in the body means something else."""
        reading = Reading(source="shop", occurred_path="data.changed")

        assert "" == an_event(with_type(timestamp=1714564800), reading=reading).occurred
        assert "1000" == an_event(with_type(data={"changed": 1}), reading=reading).occurred


class TestQuarantine:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{}",
            b"\xff",
            b'{"event":"a","event":"b"}',
            b'{"event":"a","n":NaN}',
            b'{"event":"\\u0000"}',
        ],
        ids=repr,
    )
    def test_an_authentic_but_unusable_body_is_kept(self, body):
        """A 4xx would make the sender give up, or try for days; an operator must see what came."""
        found = read(body)

        assert isinstance(found, NewEvent)
        assert ("payload_invalid", "msg-1", body) == (found.quarantine, found.id, found.body)
        assert found.error

    def test_the_same_from_a_source_that_nobody_vouches_for_is_invalid(self):
        """Anybody could fill the dead letters."""
        found = read(b"[]", authentic=False)

        assert isinstance(found, Invalid)
        assert "an array" in found.detail

    def test_without_an_id_the_body_names_it(self):
        """Each redelivery of the same rubbish is a duplicate."""
        first, again, other = (read(body, event_id=None).id for body in (b"[1]", b"[1]", b"[2]"))

        assert first == again != other

    def test_the_schemes_event_type_is_kept(self):
        """What is known is shown."""
        assert "order.created" == read(b"[]", event_type="order.created").type


class TestGuard:
    def test_a_body_is_guarded_where_the_scheme_signs_it_alone(self):
        """A captured delivery could come back under a new id."""
        reading = Reading(source="shop", guard_ms=600_000)

        assert 600_000 == an_event(with_type(), reading=reading, replay_guard=True).guard_ms
        assert 600_000 == read(b"[]", reading=reading, replay_guard=True).guard_ms

    def test_it_is_not_where_the_id_is_signed(self):
        """There two events may have the same body."""
        assert 0 == an_event(with_type(), reading=Reading(source="shop", guard_ms=600_000)).guard_ms


def test_what_was_verified_is_kept_as_it_came():
    """Signed bytes are never written anew, and the record says which secret vouched for them."""
    body = b'{ "event" : "order.created" }\n'

    found = an_event(body, secret_index=1)

    assert (body, "standard-webhooks:1") == (found.body, found.verdict)
    assert hashlib.sha256(body).hexdigest()[:32] == found.digest
