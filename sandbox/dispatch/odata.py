"""
`$filter` over JSON objects: odata-query reads the text, this module finds out whether it holds.

Of the language only `status eq 'pending'` is documented for this API; the rest of it is ours.
A null answers every comparison but `eq` and `ne` with no, and a null that stands for a truth is no.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from ..errors import Refusal
from .functions import FUNCTIONS, as_moment

#: Long enough for any filter that a person writes; it bounds the depth, and so the stack.
MAX_CHARACTERS = 2_000

Scope = Mapping[str, Any]

_ORDERINGS: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def matching(items: Iterable[Scope], text: str) -> list[Scope]:
    """
    Return the objects for which a filter holds.

    Raises:
        Refusal: 400 with what cannot be understood, is unknown, or cannot be compared.

    """
    if len(text) > MAX_CHARACTERS:
        raise _bad(f"is over {MAX_CHARACTERS} characters")
    try:
        tree = ODataParser().parse(ODataLexer().tokenize(text))
        return [item for item in items if _truth(_value(tree, item))]
    except ODataException as problem:
        raise _bad(_said(problem)) from None
    except RecursionError:
        raise _bad("is nested too deeply") from None
    except (ValueError, ArithmeticError, OverflowError) as problem:
        raise _bad(f"holds a value that cannot be: {problem}") from None


def _said(problem: ODataException) -> str:
    token = getattr(problem, "token", None)
    if token is None:
        return "ends too early" if getattr(problem, "eof", False) else str(problem)
    return f"cannot be understood at character {token.index + 1}"


def _bad(why: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, f"$filter {why}")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    raise _bad("says a value where a comparison is expected")


def _value(node: Any, scope: Scope) -> Any:
    reader = _READERS.get(type(node))
    if reader is not None:
        return reader(node, scope)
    if isinstance(node, ast.Geography) or not hasattr(type(node), "py_val"):
        raise _bad("says something that is not supported")
    return _literal(node.py_val)


def _literal(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return str(value) if isinstance(value, UUID) else value


def _named(identifier: ast.Identifier) -> str:
    return ".".join((*identifier.namespace, identifier.name))


def _field(scope: Scope, name: str) -> Any:
    if name not in scope:
        raise _bad(f"names {name!r}, which is no field; known: {', '.join(scope)}")
    return scope[name]


def _part(owner: Any, name: str) -> Any:
    if owner is None:
        return None
    if not isinstance(owner, Mapping):
        raise _bad(f"asks for {name!r} of something that is no object")
    return _field(owner, name)


def _both(node: ast.BoolOp, scope: Scope) -> bool:
    left = _truth(_value(node.left, scope))
    decided = not left if isinstance(node.op, ast.And) else left
    return left if decided else _truth(_value(node.right, scope))


def _unary(node: ast.UnaryOp, scope: Scope) -> Any:
    value = _value(node.operand, scope)
    if isinstance(node.op, ast.Not):
        return not _truth(value)
    return None if value is None else _tried(lambda: -value)


def _reckoned(node: ast.BinOp, scope: Scope) -> Any:
    left, right = _value(node.left, scope), _value(node.right, scope)
    if left is None or right is None:
        return None
    return _tried(lambda: _ARITHMETIC[type(node.op)](left, right))


def _called(node: ast.Call, scope: Scope) -> Any:
    name = _named(node.func)
    if name not in FUNCTIONS:
        raise _bad(f"calls {name}, which is not supported; known: {', '.join(FUNCTIONS)}")
    values = [_value(each, scope) for each in node.args]
    return None if None in values else _tried(lambda: FUNCTIONS[name](*values))


def _over(node: ast.CollectionLambda, scope: Scope) -> bool:
    items = _value(node.owner, scope)
    if not isinstance(items, list):
        raise _bad("uses any or all on something that is no list")
    if node.lambda_ is None:
        return bool(items)
    name, told = node.lambda_.identifier.name, node.lambda_.expression
    truths = (_truth(_value(told, {**scope, name: item})) for item in items)
    return any(truths) if isinstance(node.operator, ast.Any) else all(truths)


def _compared(comparator: Any, left: Any, right: Any) -> bool:
    if isinstance(comparator, ast.In):
        if not isinstance(right, list):
            raise _bad("uses in on something that is no list")
        return any(_equal(left, each) for each in right)
    if isinstance(comparator, ast.Eq | ast.NotEq):
        return _equal(left, right) is isinstance(comparator, ast.Eq)
    if left is None or right is None:
        return False
    alike = _alike(left, right)
    return bool(_tried(lambda: _ORDERINGS[type(comparator)](*alike)))


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    one, other = _alike(left, right)
    return bool(one == other)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """
    Read a text as a time where it is compared with one: JSON has no times.
    """
    if isinstance(left, str) and isinstance(right, date):
        return _as(right, left), right
    if isinstance(right, str) and isinstance(left, date):
        return left, _as(left, right)
    return left, right


def _as(pattern: date, text: str) -> date:
    moment = as_moment(text)
    return moment if isinstance(pattern, datetime) else moment.date()


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (TypeError, AttributeError):
        raise _bad("compares or reckons with values of different kinds") from None


_READERS: Mapping[type, Callable[[Any, Scope], Any]] = {
    ast.Identifier: lambda node, scope: _field(scope, _named(node)),
    ast.Attribute: lambda node, scope: _part(_value(node.owner, scope), node.attr),
    ast.List: lambda node, scope: [_value(each, scope) for each in node.val],
    ast.Compare: lambda node, scope: _compared(
        node.comparator, _value(node.left, scope), _value(node.right, scope)
    ),
    ast.BoolOp: _both,
    ast.UnaryOp: _unary,
    ast.BinOp: _reckoned,
    ast.Call: _called,
    ast.CollectionLambda: _over,
}
