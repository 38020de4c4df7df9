"""
What a signature covers: a template around the body, such as `{id}.{timestamp}.{body}`.

Owns the rules under which two different deliveries can never give the same signed content.
"""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = frozenset({"id", "timestamp", "body"})
_ID_CHARACTER = re.compile(r"[A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """
    What goes before and after the body, as bytes formats with the fields `id` and `timestamp`.
    """

    before: bytes
    after: bytes
    signs_id: bool
    signs_timestamp: bool

    def around(self, *, event_id: bytes, timestamp: bytes) -> tuple[bytes, bytes]:
        """
        Return what is signed before the body and after it.
        """
        fields = {b"id": event_id, b"timestamp": timestamp}
        return self.before % fields, self.after % fields if self.after else b""


def parse(text: str) -> Template:
    """
    Read a template.

    Raises:
        ValueError: It names a field we do not have, lacks the body, or is ambiguous.

    """
    parts = _FIELD.split(text)  # literals at even places, names of fields at odd ones
    names = parts[1::2]
    _check_names(names)
    _check_literals(parts[0::2])
    _check_id(parts)
    body = 2 * names.index("body") + 1
    return Template(
        before=_format(parts[:body]),
        after=_format(parts[body + 1 :]),
        signs_id="id" in names,
        signs_timestamp="timestamp" in names,
    )


def _check_names(names: list[str]) -> None:
    for name in names:
        if name not in _FIELDS:
            raise ValueError(f"unknown field {{{name}}}; expected {{id}}, {{timestamp}} or {{body}}")
        if names.count(name) > 1:
            raise ValueError(f"{{{name}}} stands there twice; expected once")
    if "body" not in names:
        raise ValueError("expected {body} in it: what is not signed cannot be trusted")


def _check_literals(literals: list[str]) -> None:
    if any(char in literal for literal in literals for char in "{}"):
        raise ValueError("expected braces only around id, timestamp and body")


def _check_id(parts: list[str]) -> None:
    """
    Refuse an id whose end could move into its neighbour: `ab` + `c` must not be signed as `a` + `bc`.
    """
    if "id" not in parts[1::2]:
        return
    place = 2 * parts[1::2].index("id") + 1
    left, right = parts[place - 1], parts[place + 1]
    if (place > 1 and not _separates(left[-1:])) or (place < len(parts) - 2 and not _separates(right[:1])):
        raise ValueError("expected a separator around {id} that no id can hold, such as a full stop")


def _separates(char: str) -> bool:
    return bool(char) and not _ID_CHARACTER.match(char)


def _format(parts: list[str]) -> bytes:
    literals = [part.replace("%", "%%") for part in parts[0::2]]
    fields = [f"%({name})b" for name in parts[1::2]]
    return "".join(piece for pair in zip(literals, [*fields, ""], strict=False) for piece in pair).encode()
