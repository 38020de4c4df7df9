"""
One strict reading of JSON, total over any bytes: an object comes out, or `Unusable` says why not.

Refused, because two readers could disagree on them or a later one would fall over: anything but UTF-8, a byte order
mark, nesting deeper than 32, duplicate keys, NaN and infinities (also by overflow), integers of more than 19 digits,
NUL and lone surrogates.
"""

import json
import math
import re
from typing import Any, NoReturn, TypeAlias

import msgspec

JSON: TypeAlias = dict[str, Any]

#: Deepest nesting of arrays and objects.
MAX_DEPTH = 32
#: Digits of the largest 64-bit integer; more lose precision in other readers.
MAX_DIGITS = 19

# Found with the search for bytes, a tenth of the cost of a regular expression for digits.
_LONG_NUMBER = b"0" * (MAX_DIGITS + 1)
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")

# An unterminated string runs to the very end, a lone backslash included, so that the scan stays linear over hostile
# input: a match that failed there would begin anew at each quote before.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class Unusable(ValueError):
    """The bytes are not a JSON object that every reader would read alike; the message says why and quotes nothing."""


def parse(body: bytes) -> JSON:
    """
    Return the object that *body* spells.

    Raises:
        Unusable: For every input that is not one.
    """
    _check_depth(body)
    found = _read_plain(body)
    return _read_closely(body) if found is None else found


def _read_plain(body: bytes) -> JSON | None:
    """
    Return the object of a body that is plainly right, at a third of the cost; None: look closely.

    msgspec refuses what we refuse, but for long integers, NUL and duplicate keys. A duplicate that it dropped is
    missing when it writes the object again. Where spaces or numbers are written in another way than its own, the quotes
    tell: without escapes each one begins or ends a string.
    """
    escapes = b"\\" in body
    if _LONG_NUMBER in body.translate(_DIGITS_TO_ZERO) or (escapes and b"\\u0000" in body):
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    written = msgspec.json.encode(value)
    same = written == body or (not escapes and written.count(b'"') == body.count(b'"'))
    return value if same and type(value) is dict else None


def _read_closely(body: bytes) -> JSON:
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except Unusable:
        raise
    except UnicodeDecodeError as error:
        raise Unusable(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unusable(f"not JSON: {error.msg} at character {error.pos}") from None
    if type(value) is not dict:
        raise Unusable(f"a JSON object is expected, this is {_kind(value)}")
    if b"\\u" in body or b"\x00" in body:
        _check_text(value)
    return value


def lookup(value: Any, path: str) -> Any:
    """Return what a dotted path like `data.id` leads to in objects and lists, or None."""
    for name in path.split("."):
        if type(value) is dict:
            value = value.get(name)
        elif type(value) is list and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return  # that few brackets cannot nest deeper
    depth = 0
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unusable(f"nested deeper than {MAX_DEPTH}")
        elif token in b"]}":
            depth -= 1


def _check_text(value: JSON) -> None:
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text and any("\x00" in string for string in _strings(value)):
        raise Unusable("a string holds NUL")
    if not _encodes(text):
        raise Unusable("a string holds half of a surrogate pair")


def _strings(value: Any) -> list[str]:
    if type(value) is str:
        return [value]
    if type(value) is dict:
        return [string for pair in value.items() for part in pair for string in _strings(part)]
    if type(value) is list:
        return [string for item in value for string in _strings(item)]
    return []


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> JSON:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Unusable("a key stands twice in one object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise Unusable(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unusable("a number is too large for a double")
    return value


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS and len(text.removeprefix("-")) > MAX_DIGITS:
        raise Unusable(f"an integer has more than {MAX_DIGITS} digits")
    return int(text)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
