"""
A strict reader of multipart/form-data (RFC 7578) for uploads.

The body is in memory and already bounded when it comes here. Anything doubtful is refused with a 400:
a preamble, a part without a name, two parts of one name, folded, doubled or too long headers.
It is ours because the stdlib's e-mail parser forgives, and can raise anything on hostile headers.
A file name is kept as a label and never used as a path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from .errors import Refusal

MAX_PARTS = 8
MAX_HEAD_BYTES = 4_096

# RFC 2046, 5.1.1: up to 70 of these characters. A space is legal inside and left out here.
_FORM = re.compile(
    r"""multipart/form-data\s*;\s*boundary=("?)([0-9A-Za-z'()+_,\-./:=?]{1,70})\1\s*;?""", re.IGNORECASE
)
_HEADER_LINE = re.compile(r"([A-Za-z0-9-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_PARAMETER = r""";\s*([A-Za-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))"""
_DISPOSITION = re.compile(rf"form-data((?:{_PARAMETER})*)\s*;?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One part of a form.
    """

    name: str
    filename: str
    content_type: str
    content: bytes


def read_upload(content_type: str, body: bytes, *, field: str) -> Part:
    """
    Return the one file of an upload.

    Raises:
        Refusal: 400 for a malformed body, 422 where the field is missing or carries no file.

    """
    part = read_parts(content_type, body).get(field)
    if part is None or not part.filename:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: a file with a name is required")
    return part


def read_parts(content_type: str, body: bytes) -> dict[str, Part]:
    """
    Return the parts of a form by name.

    Raises:
        Refusal: 400 for anything that is not one well-formed form.

    """
    delimiter = b"\r\n--" + _boundary(content_type)
    # The first delimiter has no line break before it; given one, all are alike.
    opening, *chunks = (b"\r\n" + body).split(delimiter, MAX_PARTS + 1)
    if opening or not chunks or chunks.pop().rstrip(b"\r\n") != b"--":
        raise _malformed(f"does not begin and end with its boundary, or has more than {MAX_PARTS} parts")
    parts = {part.name: part for part in map(_part, chunks)}
    if not parts or len(parts) < len(chunks):
        raise _malformed("has no part, or two of one name")
    return parts


def _boundary(content_type: str) -> bytes:
    found = _FORM.fullmatch(content_type.strip())
    if found is None:
        raise _malformed("is not multipart/form-data with a boundary")
    return found[2].encode("ascii")


def _part(chunk: bytes) -> Part:
    head, blank_line, content = chunk.partition(b"\r\n\r\n")
    if not (head.startswith(b"\r\n") and blank_line and len(head) <= MAX_HEAD_BYTES):
        raise _malformed("has a part without a proper head")
    headers = _headers(head[2:])
    names = _disposition(headers.get("content-disposition", ""))
    if not names.get("name"):
        raise _malformed("has a part without a name")
    return Part(
        name=names["name"],
        filename=names.get("filename", ""),
        content_type=headers.get("content-type", "text/plain"),
        content=content,
    )


def _headers(head: bytes) -> Mapping[str, str]:
    try:
        lines = [_HEADER_LINE.fullmatch(line) for line in head.decode("utf-8").split("\r\n")]
    except UnicodeDecodeError:
        raise _malformed("has a head that is not UTF-8") from None
    headers = {line[1].lower(): line[2] for line in lines if line}
    if len(headers) < len(lines):
        raise _malformed("has a malformed or doubled header")
    return headers


def _disposition(value: str) -> Mapping[str, str]:
    found = _DISPOSITION.fullmatch(value)
    if found is None:
        raise _malformed("has a part that is no form-data")
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
        for name, quoted, bare in re.findall(_PARAMETER, found[1])
    }


def _malformed(what: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, f"the upload {what}")
