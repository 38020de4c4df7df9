"""One strict reading of JSON: total over any bytes, and never another value than json.loads would give."""

import json
import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from receiver import strict_json
from receiver.strict_json import MAX_DEPTH, Unusable

PLAIN_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | PLAIN_TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN_TEXT, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(PLAIN_TEXT, VALUES, max_size=5)


def nested(depth: int) -> bytes:
    """Return an object whose deepest value is *depth* levels down."""
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@given(DOCUMENTS, st.booleans())
def test_a_plain_document_reads_as_everybody_reads_it(document, ascii_only):
    """What is refused is refused for a reason; all else must not be changed by the reading."""
    body = json.dumps(document, ensure_ascii=ascii_only).encode()

    assert json.loads(body) == strict_json.parse(body) == document


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":"\xed\xa0\x80"}')
@example(b'"' + b'\\"' * 100 + b"\\")
def test_any_bytes_give_an_object_or_unusable(body):
    """A body that raises anything else is a 5xx that a sender can cause at will."""
    try:
        parsed = strict_json.parse(body)
    except Unusable:
        return

    assert type(parsed) is dict
    json.dumps(parsed, allow_nan=False).encode()


@given(DOCUMENTS, st.data())
def test_one_changed_byte_gives_an_object_or_unusable(document, data):
    """Damage that leaves the shape nearly whole finds the branches that random bytes do not."""
    body = bytearray(json.dumps(document).encode())
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))

    try:
        parsed = strict_json.parse(bytes(body))
    except Unusable:
        return

    assert json.loads(bytes(body)) == parsed


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b" \n", "not JSON", id="blank"),
        pytest.param(b"[]", "an array", id="array"),
        pytest.param(b'"text"', "a string", id="string"),
        pytest.param(b"12", "a number", id="number"),
        pytest.param(b"1.5", "a number", id="float"),
        pytest.param(b"true", "a boolean", id="boolean"),
        pytest.param(b"null", "null", id="null"),
        pytest.param(b"{} {}", "Extra data", id="two documents"),
        pytest.param(b'{"a":1,}', "not JSON", id="comma at the end"),
        pytest.param(b"{'a':1}", "not JSON", id="single quotes"),
        pytest.param(b'{"a":"\n"}', "not JSON", id="raw line end in a string"),
        pytest.param(b'{"a":"\x00"}', "not JSON", id="raw NUL in a string"),
        pytest.param(b'{"a":NaN}', "NaN", id="NaN"),
        pytest.param(b'{"a":[Infinity]}', "Infinity", id="Infinity"),
        pytest.param(b'{"a":{"b":-Infinity}}', "-Infinity", id="minus Infinity"),
        pytest.param(b'{"a":1e999}', "too large", id="overflow"),
        pytest.param(b'{"a":[-1e999]}', "too large", id="negative overflow"),
        pytest.param(b'{"a":12345678901234567890}', "19 digits", id="20 digits"),
        pytest.param(b'{"a":-12345678901234567890}', "19 digits", id="minus and 20 digits"),
        pytest.param(b'{"a":' + b"1" * 5000 + b"}", "19 digits", id="5000 digits"),
        pytest.param(b'{"order":1,"order":2}', "twice", id="key twice"),
        pytest.param(b'{"a":[{"b":1,"b":1}]}', "twice", id="key twice below"),
        pytest.param(b'{"a":1,"\\u0061":2}', "twice", id="key twice by escape"),
        pytest.param(b'{"a":"\\ud800"}', "surrogate", id="lone high surrogate"),
        pytest.param(b'{"a":["\\udc00x"]}', "surrogate", id="lone low surrogate"),
        pytest.param(b'{"\\ud800":1}', "surrogate", id="lone surrogate in a key"),
        pytest.param(b'{"a":"x\\u0000y"}', "NUL", id="NUL"),
        pytest.param(b'{"a":[{"x\\u0000":1}]}', "NUL", id="NUL in a key below"),
        pytest.param(b"\xef\xbb\xbf{}", "not JSON", id="byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), "not JSON", id="UTF-16 without mark"),
        pytest.param('{"a":1}'.encode("utf-32"), "not UTF-8", id="UTF-32"),
        pytest.param('{"a":"ø"}'.encode("latin-1"), "byte 6 is not UTF-8", id="latin-1"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', "not UTF-8", id="surrogate as bytes"),
        pytest.param(b'{"a":"\xc0\xaf"}', "not UTF-8", id="overlong"),
    ],
)
def test_what_two_readers_could_disagree_on_is_refused(body, why):
    """The message tells an operator what is wrong, so it must name it."""
    with pytest.raises(Unusable, match=why):
        strict_json.parse(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}, id="a whole surrogate pair"),
        pytest.param(b'{"a":"\\\\u0000"}', {"a": "\\u0000"}, id="an escaped backslash before u0000"),
        pytest.param(b'{"a":"\\\\ud800"}', {"a": "\\ud800"}, id="an escaped backslash before ud800"),
        pytest.param(b'{"a":"[[[[{{{{"}', {"a": "[[[[{{{{"}, id="brackets in a string"),
        pytest.param(b'{"a":9999999999999999999}', {"a": 9999999999999999999}, id="19 digits"),
        pytest.param(b'{"a":-9999999999999999999}', {"a": -9999999999999999999}, id="minus and 19 digits"),
        pytest.param(b'{"a":1e308}', {"a": 1e308}, id="a large float"),
        pytest.param(b' \r\n\t{"a":1}\n', {"a": 1}, id="space around"),
    ],
)
def test_what_only_looks_bad_is_taken(body, value):
    """An honest event must not end as a dead letter for a likeness."""
    assert value == strict_json.parse(body)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH - 1, MAX_DEPTH])
def test_nesting_is_taken_up_to_the_limit(depth):
    """The limit itself is inside."""
    assert type(strict_json.parse(nested(depth))) is dict


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000, 1_000_000])
@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_nesting_beyond_the_limit_is_refused(depth, bracket):
    """json.loads answers deep nesting with a RecursionError, which is no ValueError: a 5xx for one cheap request."""
    with pytest.raises(Unusable, match="deeper than 32"):
        strict_json.parse(b'{"a":' + bracket * depth)


def test_many_brackets_side_by_side_are_no_nesting():
    """The quick count of brackets must not stand in for the depth."""
    body = json.dumps({"lines": [{"tags": []}] * 1000}).encode()

    assert 1000 == len(strict_json.parse(body)["lines"])


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(b'"' + b'\\"' * 500_000 + b"\\", id="an open string of escaped quotes"),
        pytest.param(b'"' + b"\\" * 1_000_001, id="an open string of backslashes"),
        pytest.param(b'"",' * 300_000, id="empty strings"),
        pytest.param(b'{"a' * 300_000, id="open strings and brackets"),
    ],
)
def test_a_hostile_megabyte_takes_no_longer_than_an_honest_one(tail):
    """A scan that begins anew at each quote took hours for the first of these."""
    begun = time.process_time()

    with pytest.raises(Unusable):
        strict_json.parse(b'{"a":[' + b"[]," * 40 + tail)

    assert time.process_time() - begun < 2.0


@given(DOCUMENTS, st.text(max_size=10))
def test_a_lookup_in_anything_gives_a_value_or_none(document, path):
    """Paths come from a config file, documents from a sender: no pair of them may raise."""
    strict_json.lookup(document, path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("data.id", "order-1"),
        ("data.lines.1.sku", "b"),
        ("data.lines.2.sku", None),
        ("data.lines.-1.sku", None),
        ("data.lines.sku", None),
        ("data.id.length", None),
        ("data.missing.id", None),
        ("data.__class__", None),
        ("data.lines.²", None),
    ],
)
def test_a_lookup_follows_objects_and_lists_only(path, found):
    """No attribute of a Python object is ever reachable from a path."""
    document = {"data": {"id": "order-1", "lines": [{"sku": "a"}, {"sku": "b"}]}}

    assert found == strict_json.lookup(document, path)


def test_a_finite_float_stays_one():
    """What is stored is shown again as JSON, which knows no infinity."""
    assert math.isfinite(strict_json.parse(b'{"a":1.7976931348623157e308}')["a"])


#: Pieces that a body is made of, so that what two looks could disagree on comes often.
PIECES = st.sampled_from(
    rb'{ } [ ] : , " "a" "a": "b": {"a":1,"a":2} {"a":{"b":"x"}} 1 -0 1.5 1e999 null NaN \ \u0000'.split(b" ")
    + [b"1" * digits for digits in (19, 20, 21)]
    + [b" ", b"\x00", b"\xff"]
)
MEMBERS = st.tuples(
    st.sampled_from(["a", "b"]), st.sampled_from(["1", '"x"', "[]", '{"a":1}', '{"a":1,"a":2}'])
)


@given(
    st.lists(PIECES, max_size=12).map(b"".join)
    | st.lists(MEMBERS, max_size=4).map(
        lambda members: ("{" + ",".join(f'"{name}":{value}' for name, value in members) + "}").encode()
    )
    | DOCUMENTS.map(lambda document: json.dumps(document).encode())
)
def test_a_quick_look_sees_nothing_that_a_close_one_does_not(body):
    """Most bodies get the quick look only: what it lets through must be what the close look would have said."""
    found = strict_json._read_plain(body)

    assert found is None or repr(strict_json._read_closely(body)) == repr(found)
