"""
A filter as a value: comparisons of fields, and what joins them. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: A text, a time in milliseconds, a switch; None for what is not there.
Value: TypeAlias = str | int | bool | None
Facts: TypeAlias = Mapping[str, Value]


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
