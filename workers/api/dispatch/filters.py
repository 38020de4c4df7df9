"""
Filters, orders and searches of lists, written in OData and quoted.

    (field("status") == "o'brien") & ~field("customer/name").contains("x")

becomes `status eq 'o''brien' and not (contains(customer/name,'x'))`. Of all this the vendor shows only
`status eq 'pending'`, `createdDate desc` and a search for `john`; the rest is OData 4, and that the API has it is ours.
Refuses to know which fields a list has. Pure.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NoReturn, TypeAlias
from uuid import UUID

#: A float is refused on purpose: 0.1 is not what it says. Times need a zone.
Value: TypeAlias = str | int | Decimal | datetime | UUID | None

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}(?:/[A-Za-z_][A-Za-z0-9_]{0,127})*", re.ASCII)
#: Words of the language itself, which no server could tell from a field.
_LITERALS = frozenset(("null", "true", "false", "nan", "inf"))
_OPERATORS = frozenset(("and", "or", "not", "in", "any", "all", "eq", "ne", "gt", "ge", "lt", "le"))
_ARITHMETIC = frozenset(("add", "sub", "mul", "div", "mod"))
_WORDS = _LITERALS | _OPERATORS | _ARITHMETIC
_PLAIN_TERM = re.compile(r"[^\s\"()\\;&]+")
_SEARCH_OPERATORS = ("AND", "OR", "NOT")


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition; `&`, `|` and `~` join them. Made by `field`, and written by `str`."""

    text: str
    joins: Literal["", "and", "or"] = ""

    def __and__(self, other: "Filter") -> "Filter":
        return _joined(self, "and", other)

    def __or__(self, other: "Filter") -> "Filter":
        return _joined(self, "or", other)

    def __invert__(self) -> "Filter":
        # Always in parentheses: `not` binds tighter than `eq`.
        return Filter(f"not ({self.text})")

    def __bool__(self) -> NoReturn:
        # Python's `and` would ask this and drop one of the two conditions without a word.
        raise TypeError("a filter is neither true nor false; join filters by &, | and ~")

    def __str__(self) -> str:
        return self.text


def _joined(left: Filter, word: Literal["and", "or"], right: Filter) -> Filter:
    first = left.text if left.joins in ("", word) else f"({left.text})"
    second = f"({right.text})" if right.joins else right.text
    return Filter(f"{first} {word} {second}", word)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field of what is listed; comparing it makes a `Filter`."""

    path: str

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]
        return self._compared("eq", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]
        return self._compared("ne", value)

    __hash__ = None  # type: ignore[assignment]  # a set of fields would compare them, and get filters

    def __lt__(self, value: Value) -> Filter:
        return self._compared("lt", value)

    def __le__(self, value: Value) -> Filter:
        return self._compared("le", value)

    def __gt__(self, value: Value) -> Filter:
        return self._compared("gt", value)

    def __ge__(self, value: Value) -> Filter:
        return self._compared("ge", value)

    def contains(self, text: str) -> Filter:
        return self._asked("contains", text)

    def starts_with(self, text: str) -> Filter:
        return self._asked("startswith", text)

    def ends_with(self, text: str) -> Filter:
        return self._asked("endswith", text)

    def _compared(self, operator: str, value: Value) -> Filter:
        return Filter(f"{self.path} {operator} {literal(value)}")

    def _asked(self, function: str, text: str) -> Filter:
        return Filter(f"{function}({self.path},{literal(text)})")


def field(path: str) -> Field:
    """
    Return the field of that name, or at that path: `status`, `customer/name`.

    Raises:
        ValueError: It is no name of a field; one that came from outside could be a filter of its own.
    """
    return Field(_checked(path))


@dataclass(frozen=True, slots=True)
class Ordering:
    """By which field a list is ordered; made by `ascending` and `descending`, and written by `str`."""

    text: str

    def __str__(self) -> str:
        return self.text


def ascending(path: str) -> Ordering:
    """Return the order by that field, the lowest first; raises as `field` does."""
    return Ordering(f"{_checked(path)} asc")


def descending(path: str) -> Ordering:
    """Return the order by that field, the highest first; raises as `field` does."""
    return Ordering(f"{_checked(path)} desc")


def search_for(text: str) -> str:
    """
    Return the search for all words of *text*; what OData would read as its own is quoted.

    Raises:
        ValueError: There is no word in it.
    """
    terms = [_term(word) for word in text.split()]
    if not terms:
        raise ValueError("expected a word to search for, found none")
    return " ".join(terms)


def _term(word: str) -> str:
    if _PLAIN_TERM.fullmatch(word) and word not in _SEARCH_OPERATORS:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal(value: Value) -> str:
    """
    Write the value as OData does.

    Raises:
        ValueError: It has no place in a filter: not finite, or a time without a zone.
        TypeError: It is of another type.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case int() | UUID():
            return str(value)
        case Decimal():
            return _decimal(value)
        case datetime():
            return _time(value)
    raise TypeError(
        f"expected a text, a whole number, a Decimal, a datetime, a UUID or None, found {type(value).__name__}"
    )


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"expected a number, found {value}")
    return format(value, "f")


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("expected a time with its zone: without one it is another moment on each machine")
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _checked(path: str) -> str:
    if not _PATH.fullmatch(path) or {part.lower() for part in path.split("/")} & _WORDS:
        raise ValueError(
            f"expected the name of a field, such as status or customer/name, found {path[:60]!r}"
        )
    return path
