"""
The operators: each a total function of two JSON values, and what it expects to be compared with.

No coercion: values of different kinds are not equal and not ordered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

from .view import Absent

Test = Callable[[object, object], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """A test of (actual, expected), and the kinds that the expected value may have; none stands for any."""

    test: Test
    kinds: frozenset[str] = frozenset()

    def accepts(self, expected: object) -> bool:
        return not self.kinds or kind(expected) in self.kinds


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),  # first: Python takes a bool for an int
    ((int, float), "number"),
    (str, "string"),
    ((list, tuple), "list"),
    (Mapping, "mapping"),
    (type(None), "null"),
)


def kind(value: object) -> str:
    """Name the JSON kind of *value*; what is not JSON goes by its type's name."""
    return next((name for types, name in _KINDS if isinstance(value, types)), type(value).__name__)


def equal(actual: object, expected: object) -> bool:
    """
    Compare two JSON values, deeply.

    Recursion is as deep as *expected* only, which the parser has bounded.
    """
    match actual, expected:
        case (list() | tuple(), list() | tuple()):
            return len(actual) == len(expected) and all(map(equal, actual, expected))
        case (Mapping(), Mapping()):
            return len(actual) == len(expected) and _has_all(actual, expected)
        case _:
            return kind(actual) == kind(expected) and actual == expected


def _has_all(actual: Mapping[object, object], expected: Mapping[object, object]) -> bool:
    return all(equal(actual.get(key, Absent.MISSING), value) for key, value in expected.items())


def _ordered(compare: Callable[[Any, Any], bool]) -> Test:
    def test(actual: object, expected: object) -> bool:
        return kind(actual) == kind(expected) and compare(actual, expected)

    return test


def _is_in(actual: object, expected: object) -> bool:
    return isinstance(expected, list | tuple) and any(equal(actual, one) for one in expected)


def _exists(actual: object, expected: object) -> bool:
    return (actual is not Absent.MISSING) == expected


def _starts_with(actual: object, expected: object) -> bool:
    return isinstance(actual, str) and isinstance(expected, str) and actual.startswith(expected)


def _contains(actual: object, expected: object) -> bool:
    if isinstance(actual, str):
        return isinstance(expected, str) and expected in actual
    return isinstance(actual, list | tuple) and any(_is_like(element, expected) for element in actual)


def _is_like(element: object, expected: object) -> bool:
    # An order's tags carry ids, which nobody writes into a condition: { "$contains" = { "name" = "vip" } }.
    if isinstance(element, Mapping) and isinstance(expected, Mapping):
        return _has_all(element, expected)
    return equal(element, expected)


def _is_not(test: Test) -> Test:
    return lambda actual, expected: not test(actual, expected)


_COMPARABLE = frozenset({"number", "string"})
_LIST = frozenset({"list"})

#: The operators of one path. $and, $or and $not combine conditions and belong to the parser.
OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "$eq": Operator(equal),
        "$ne": Operator(_is_not(equal)),
        "$gt": Operator(_ordered(gt), _COMPARABLE),
        "$gte": Operator(_ordered(ge), _COMPARABLE),
        "$lt": Operator(_ordered(lt), _COMPARABLE),
        "$lte": Operator(_ordered(le), _COMPARABLE),
        "$in": Operator(_is_in, _LIST),
        "$nin": Operator(_is_not(_is_in), _LIST),
        "$exists": Operator(_exists, frozenset({"boolean"})),
        "$startsWith": Operator(_starts_with, frozenset({"string"})),
        "$contains": Operator(_contains),
    }
)
