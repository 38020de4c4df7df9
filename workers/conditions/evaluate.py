"""
Whether a condition holds for a view, and why.

Three-valued inside: what the unfetched order would decide is None until it is known whether it matters.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .tree import AllOf, AnyOf, Condition, Leaf, Not
from .view import Absent, View


class OrderNeeded(Exception):
    """The answer depends on the order: fetch it and ask again with it in the view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    What one leaf found; `held` is None where the order would be needed to tell.

    `actual` is the value or an `Absent`. Leaves under `$not` are shown as they stand, not negated.
    """

    where: str
    path: str
    operator: str
    expected: object
    actual: object
    held: bool | None


def holds(condition: Condition, view: View) -> bool:
    """
    Tell whether the condition holds; total for every view of JSON values.

    Raises:
        OrderNeeded: The view has no order, and the answer depends on it.
    """
    answer = _answer(condition, view)
    if answer is None:
        raise OrderNeeded
    return answer


def explain(condition: Condition, view: View) -> tuple[Finding, ...]:
    """Return what every leaf found, in the order of the definition, also where one alone decided."""
    return tuple(_finding(leaf, view) for leaf in _leaves(condition))


def _answer(condition: Condition, view: View) -> bool | None:
    match condition:
        case Leaf():
            return _held(condition, condition.path.find(view))
        case AllOf(parts):
            return _first(False, (_answer(part, view) for part in parts))
        case AnyOf(parts):
            return _first(True, (_answer(part, view) for part in parts))
        case Not(part):
            inner = _answer(part, view)
            return None if inner is None else not inner


def _first(decisive: bool, answers: Iterable[bool | None]) -> bool | None:  # noqa: FBT001 - one argument, read aloud
    """Return *decisive* where any answer is it; else None where any is unknown; else the opposite."""
    unknown = False
    for answer in answers:
        if answer is decisive:
            return decisive
        unknown = unknown or answer is None
    return None if unknown else not decisive


def _held(leaf: Leaf, actual: object) -> bool | None:
    return None if actual is Absent.ORDER_NEEDED else leaf.operator.test(actual, leaf.expected)


def _finding(leaf: Leaf, view: View) -> Finding:
    actual = leaf.path.find(view)
    return Finding(
        where=leaf.where,
        path=leaf.path.text,
        operator=leaf.name,
        expected=leaf.expected,
        actual=actual,
        held=_held(leaf, actual),
    )


def _leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case Leaf():
            yield condition
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part):
            yield from _leaves(part)
