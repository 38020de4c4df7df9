"""
`$filter` as a value: OData's grammar, over fields that are known by name and kind. Pure.

What it means is said here; which part of it an index can serve, says who looks things up.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

#: Longest filter that is read.
MAX_LENGTH = 1_000

#: A text, a time in milliseconds, a switch; None for what is not there.
Value: TypeAlias = str | int | bool | None
Facts: TypeAlias = Mapping[str, Value]


class BadFilter(ValueError):
    """
    It cannot be used as a filter; the message says what was expected.
    """


class Kind(StrEnum):
    """
    What a field holds.
    """

    TEXT = "text"
    TIME = "time"
    SWITCH = "true or false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    A field against a value, or against several with the operator `in`.
    """

    field: str
    operator: str
    value: Value
    values: tuple[Value, ...] = ()

    def holds(self, facts: Facts) -> bool:
        """
        Return whether it is so.
        """
        if self.operator == "in":
            return facts[self.field] in self.values
        return _OPERATORS[self.operator](facts[self.field], self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """
    Two that must hold.
    """

    left: "Expression"
    right: "Expression"

    def holds(self, facts: Facts) -> bool:
        """
        Return whether both do.
        """
        return self.left.holds(facts) and self.right.holds(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """
    Two of which one must hold.
    """

    left: "Expression"
    right: "Expression"

    def holds(self, facts: Facts) -> bool:
        """
        Return whether one does.
        """
        return self.left.holds(facts) or self.right.holds(facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """
    One that must not hold.
    """

    inner: "Expression"

    def holds(self, facts: Facts) -> bool:
        """
        Return whether it does not.
        """
        return not self.inner.holds(facts)


Expression: TypeAlias = Comparison | Both | Either | Not


def parse(text: str, fields: Mapping[str, Kind]) -> Expression:
    """
    Return the filter that *text* spells.

    Raises:
        BadFilter: It spells none, or names a field or a kind of value that is not there.

    """
    if len(text) > MAX_LENGTH:
        raise BadFilter(f"a filter has at most {MAX_LENGTH} characters")
    try:
        tree = ODataParser().parse(ODataLexer().tokenize(text.strip()))
    except ODataException as error:
        raise BadFilter(f"it cannot be read{_place(error)}; an example: status eq 'dead'") from None
    return _expression(tree, fields)


def required(expression: Expression) -> Iterator[Comparison]:
    """
    Yield the comparisons that must hold, each by itself, for the whole to hold.
    """
    if isinstance(expression, Comparison):
        yield expression
    elif isinstance(expression, Both):
        yield from required(expression.left)
        yield from required(expression.right)


def fields_of(expression: Expression) -> Iterator[str]:
    """
    Yield the fields that it looks at.
    """
    match expression:
        case Comparison():
            yield expression.field
        case Not():
            yield from fields_of(expression.inner)
        case Both() | Either():
            yield from fields_of(expression.left)
            yield from fields_of(expression.right)


def _place(error: ODataException) -> str:
    index = getattr(getattr(error, "token", None), "index", None)
    return "" if index is None else f" at character {index + 1}"


def _expression(node: Any, fields: Mapping[str, Kind]) -> Expression:
    match node:
        case ast.BoolOp():
            kind = Both if isinstance(node.op, ast.And) else Either
            return kind(left=_expression(node.left, fields), right=_expression(node.right, fields))
        case ast.UnaryOp(op=ast.Not()):
            return Not(inner=_expression(node.operand, fields))
        case ast.Compare():
            return _comparison(node, fields)
        case ast.Call():
            return _call(node, fields)
        case ast.Identifier():
            return _switch(node, fields)
    raise BadFilter("a comparison is expected, such as status eq 'dead'")


def _comparison(node: ast.Compare, fields: Mapping[str, Kind]) -> Comparison:
    field, operator = _field(node.left, fields), _NAMES[type(node.comparator)]
    kind = fields[field]
    if operator not in _ADMITTED[kind]:
        raise BadFilter(f"{field} is a {kind}; expected one of {', '.join(_ADMITTED[kind])}")
    if isinstance(node.right, ast.List):
        values = tuple(_value(one, field, kind) for one in node.right.val)
        return Comparison(field=field, operator=operator, value=None, values=values)
    return Comparison(field=field, operator=operator, value=_value(node.right, field, kind))


def _call(node: ast.Call, fields: Mapping[str, Kind]) -> Comparison:
    name = _full_name(node.func).lower()
    if name not in _FUNCTIONS or len(node.args) != 2:  # noqa: PLR2004 - a field and a text
        raise BadFilter(f"expected one of the functions {', '.join(_FUNCTIONS)}, of a field and a text")
    field = _field(node.args[0], fields)
    if fields[field] is not Kind.TEXT:
        raise BadFilter(f"{field} is a {fields[field]}; {name} takes a text")
    return Comparison(field=field, operator=name, value=_value(node.args[1], field, Kind.TEXT, null=False))


def _switch(node: ast.Identifier, fields: Mapping[str, Kind]) -> Comparison:
    field = _field(node, fields)
    if fields[field] is not Kind.SWITCH:
        raise BadFilter(f"{field} is a {fields[field]}; expected a comparison")
    return Comparison(field=field, operator="eq", value=True)


def _field(node: Any, fields: Mapping[str, Kind]) -> str:
    if isinstance(node, ast.Identifier) and _full_name(node) in fields:
        return _full_name(node)
    found = (
        f"unknown field {_full_name(node)!r}" if isinstance(node, ast.Identifier) else "no field on the left"
    )
    raise BadFilter(f"{found}; known: {', '.join(fields)}")


def _full_name(node: ast.Identifier) -> str:
    return ".".join((*node.namespace, node.name))


def _value(node: Any, field: str, kind: Kind, *, null: bool = True) -> Value:
    match kind, node:
        case _, ast.Null() if null:
            return None
        case Kind.TEXT, ast.String() | ast.GUID():
            return str(node.val)
        case Kind.SWITCH, ast.Boolean():
            return bool(node.py_val)
        case Kind.TIME, ast.DateTime() | ast.Date():
            return _milliseconds(node.val, field)
    raise BadFilter(f"{field} is compared with {_EXAMPLES[kind]}")


def _milliseconds(text: str, field: str) -> int:
    try:
        found = dt.datetime.fromisoformat(text)
        # Without a zone it is UTC, as all times in answers are.
        aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return round(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadFilter(f"{field} is compared with {_EXAMPLES[Kind.TIME]}") from None


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    # What is not there is neither before nor after anything.
    return lambda found, wanted: found is not None and wanted is not None and compare(found, wanted)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, wanted: bool(found == wanted),
    "ne": lambda found, wanted: bool(found != wanted),
    "lt": _ordered(lambda found, wanted: found < wanted),
    "le": _ordered(lambda found, wanted: found <= wanted),
    "gt": _ordered(lambda found, wanted: found > wanted),
    "ge": _ordered(lambda found, wanted: found >= wanted),
    "contains": _ordered(lambda found, wanted: wanted in found),
    "startswith": _ordered(lambda found, wanted: found.startswith(wanted)),
    "endswith": _ordered(lambda found, wanted: found.endswith(wanted)),
}
_FUNCTIONS = ("contains", "startswith", "endswith")
_NAMES = {ast.Eq: "eq", ast.NotEq: "ne", ast.In: "in"} | {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}  # fmt: skip
_ADMITTED: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("eq", "ne", "in"),
    Kind.TIME: ("eq", "ne", "lt", "le", "gt", "ge"),
    Kind.SWITCH: ("eq", "ne"),
}
_EXAMPLES: Mapping[Kind, str] = {
    Kind.TEXT: "a text such as 'dead'",
    Kind.TIME: "a time such as 2026-11-21T10:15:00Z",
    Kind.SWITCH: "true or false",
}
