"""
What is signed around a body, and templates that two deliveries could share.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.verification import template

IDS = st.text(alphabet="1a-", min_size=1, max_size=6).map(str.encode)
STAMPS = st.text(alphabet="12", min_size=10, max_size=10).map(str.encode)
#: What JSON begins with, then whatever could look like the end of an id or a time.
BODIES = st.text(alphabet="{1a.:-", max_size=14).map(lambda rest: b"{" + rest.encode())


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("{body}", b"", b""),
        ("{timestamp}.{body}", b"1674087231.", b""),
        ("{id}.{timestamp}.{body}", b"msg_1.1674087231.", b""),
        ("v0:{timestamp}:{body}", b"v0:1674087231:", b""),
        ("{body}.{id}", b"", b".msg_1"),
        ("{timestamp}{body}", b"1674087231", b""),
        ("100%s%(id)b{body}%", b"100%s%(id)b", b"%"),
        ("é{body}", "é".encode(), b""),
    ],
)
def test_fields_are_put_around_the_body(text, before, after):
    """What a sender signs is in its documentation; here it is one line of the settings."""
    parsed = template.parse(text)

    assert (before, after) == parsed.around(event_id=b"msg_1", timestamp=b"1674087231")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected {body}"),
        ("{timestamp}", "expected {body}"),
        ("{body}{body}", "stands there twice"),
        ("{id}.{id}.{body}", "stands there twice"),
        ("{url}{body}", "unknown field {url}"),
        ("{}{body}", "unknown field {}"),
        ("{body", "expected {body}"),
        ("{{body}}", "braces only around"),
        ("{ id }{body}", "braces only around"),
        ("{id}{body}", "expected a separator"),
        ("{body}{id}", "expected a separator"),
        ("{id}-{timestamp}.{body}", "expected a separator"),
        ("{timestamp}x{id}.{body}", "expected a separator"),
    ],
)
def test_a_bad_template_is_refused_at_the_start(text, says):
    """A template that could be read in two ways would let an id take over part of the body."""
    with pytest.raises(ValueError, match=r".") as caught:
        template.parse(text)

    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{id}.{timestamp}.{body}", "{timestamp}.{id}.{body}", "{body}.{timestamp}.{id}", "{id}:{body}"]
)
@settings(max_examples=40)
@given(event_id=IDS, stamp=STAMPS, body=BODIES)
def test_signed_content_can_be_read_in_one_way_only(text, event_id, stamp, body):
    """S14: `a.1` + `b` must not be signed as `a` + `1.b`, else an id moves without breaking the signature."""
    parsed = template.parse(text)
    before, after = parsed.around(event_id=event_id, timestamp=stamp)

    readings = set(_readings(parsed, before + body + after))

    assert {(event_id, stamp if parsed.signs_timestamp else b"", body)} == readings


def _readings(parsed, content):
    """Yield every id, time and body that would be accepted with the signature of *content*."""
    parts = {
        content[start:end] for start in range(len(content)) for end in range(start + 1, len(content) + 1)
    }
    stamps = (
        [part for part in parts if re.fullmatch(rb"[0-9]{10}", part)] if parsed.signs_timestamp else [b""]
    )
    for event_id in (part for part in parts if re.fullmatch(rb"[A-Za-z0-9_-]+", part)):
        for stamp in stamps:
            before, after = parsed.around(event_id=event_id, timestamp=stamp)
            body = content[len(before) : len(content) - len(after)]
            if body.startswith(b"{") and before + body + after == content:
                yield event_id, stamp, body


@given(text=st.text(alphabet="{}idtmesapboy.:%- ", max_size=30))
def test_parsing_is_total(text):
    """Any text in the settings is a template or a `ValueError`, which is reported with its key."""
    try:
        parsed = template.parse(text)
    except ValueError:
        return
    before, after = parsed.around(event_id=b"1", timestamp=b"2")
    assert isinstance(before + after, bytes)
