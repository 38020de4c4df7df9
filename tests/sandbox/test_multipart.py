"""The reader of uploads, on well-formed, doubtful and hostile bodies."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.errors import Refusal
from sandbox.multipart import MAX_PARTS, read_parts, read_upload

TYPE = "multipart/form-data; boundary=b"


def a_part(*, name="file", filename="a.txt", headers=(), content=b"content"):
    lines = [f'Content-Disposition: form-data; name="{name}"; filename="{filename}"', *headers]
    return b"--b\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n"


END = b"--b--\r\n"


def status_of(content_type, body):
    try:
        read_parts(content_type, body)
    except Refusal as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\r\n", id="line break"),
        pytest.param(b"x--b--", id="boundary inside a line"),
        pytest.param(bytes(range(256)), id="every byte"),
    ],
)
def test_the_content_comes_out_byte_for_byte(content):
    """An upload is binary; nothing may be trimmed or decoded."""
    assert content == read_upload(TYPE, a_part(content=content) + END, field="file").content


@pytest.mark.parametrize(
    ("filename", "read"),
    [
        ("tegning.pdf", "tegning.pdf"),
        ("grønn.pdf", "grønn.pdf"),
        (r"a\"b.pdf", 'a"b.pdf'),
        ("../../etc/passwd", "../../etc/passwd"),
    ],
)
def test_a_file_name_is_a_label(filename, read):
    """It is kept as it came and never touches a disk."""
    assert read == read_upload(TYPE, a_part(filename=filename) + END, field="file").filename


def test_other_fields_may_stand_beside_the_file():
    """HTTP libraries send them; they are ignored."""
    form = a_part(name="note", headers=["Content-Type: text/plain"]) + a_part(content=b"x") + END

    assert b"x" == read_upload(TYPE, form, field="file").content


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", a_part() + END, id="not multipart"),
        pytest.param("multipart/form-data", a_part() + END, id="no boundary"),
        pytest.param("multipart/form-data; boundary=", a_part() + END, id="empty boundary"),
        pytest.param(f"multipart/form-data; boundary={'b' * 71}", a_part() + END, id="boundary too long"),
        pytest.param('multipart/form-data; boundary="b\r\nx"', a_part() + END, id="line break in boundary"),
        pytest.param(TYPE, b"", id="empty"),
        pytest.param(TYPE, a_part(), id="no end"),
        pytest.param(TYPE, END, id="no part"),
        pytest.param(TYPE, b"preamble\r\n" + a_part() + END, id="preamble"),
        pytest.param(TYPE, a_part() + END + b"epilogue", id="epilogue"),
        pytest.param(TYPE, a_part() + a_part() + END, id="one name twice"),
        pytest.param(
            TYPE,
            b"".join(a_part(name=str(n)) for n in range(MAX_PARTS + 1)) + END,
            id="too many parts",
        ),
        pytest.param(TYPE, a_part(name="") + END, id="empty name"),
        pytest.param(TYPE, b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n" + END, id="no form-data"),
        pytest.param(TYPE, b"--b\r\n\r\nx\r\n" + END, id="no head"),
        pytest.param(TYPE, b"--b\r\nX: 1\r\n" + END, id="no blank line"),
        pytest.param(TYPE, a_part(headers=["X: a", " folded"]) + END, id="folded header"),
        pytest.param(TYPE, a_part(headers=["X: a", "x: b"]) + END, id="doubled header"),
        pytest.param(TYPE, a_part(headers=["X: " + "a" * 5_000]) + END, id="head too long"),
        pytest.param(TYPE, a_part(headers=["X: \x00"]) + END, id="control character"),
        pytest.param(TYPE, a_part().replace(b"a.txt", b"\xff") + END, id="head is not UTF-8"),
    ],
)
def test_a_doubtful_form_is_refused(content_type, body):
    """Two readers that guess differently are how an upload smuggles something past one of them."""
    with pytest.raises(Refusal) as caught:
        read_parts(content_type, body)

    assert 400 == caught.value.status


def test_a_form_without_the_file_names_the_field():
    """A field that is missing is the caller's 422, not a malformed body."""
    with pytest.raises(Refusal, match="file: a file with a name is required") as caught:
        read_upload(TYPE, a_part(name="document") + END, field="file")

    assert 422 == caught.value.status


@given(content_type=st.text(max_size=100), body=st.binary(max_size=300))
@example(
    content_type=TYPE,
    body=b'--b\r\nContent-Disposition: form-data; name="' + b"\\" * 200 + b"\r\n\r\n\r\n--b--",
)
def test_any_bytes_are_read_or_refused(content_type, body):
    """The reader is total: it never raises anything of its own."""
    assert {200, 400} >= {status_of(content_type, body), status_of(TYPE, body)}


@given(
    st.lists(
        st.sampled_from([b"--b", b"\r\n", b"--", a_part(), END, b'name="', b"form-data;", b"x"]), max_size=12
    )
)
def test_any_mixture_of_pieces_is_read_or_refused(pieces):
    """Random bytes seldom reach the inner rules; pieces of real forms do."""
    assert status_of(TYPE, b"".join(pieces)) in {200, 400}
