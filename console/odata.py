"""
`$filter` as a value: OData's grammar, over fields that are known by name and kind. Pure.

What it means is said here; which part of it an index can serve, says who looks things up.
"""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from .odata_tree import Both, Comparison, Either, Expression, Facts, Not, Value, fields_of, required

__all__ = [
    "MAX_LENGTH",
    "BadFilter",
    "Comparison",
    "Expression",
    "Facts",
    "Kind",
    "Not",
    "Value",
    "fields_of",
    "parse",
    "required",
]

#: Longest filter that is read.
MAX_LENGTH = 1_000


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
