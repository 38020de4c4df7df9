"""
From a definition to a condition, or to every problem in it at once.

Owns what a definition may look like; whether it holds is `evaluate.py`'s.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import TypeVar

from .operators import OPERATORS, kind
from .tree import AllOf, AnyOf, Condition, Leaf, Not
from .view import Path

#: How deep $and, $or, $not, nested mappings and expected values may go together; as deep as a payload may be.
DEPTH_LIMIT = 32

COMBINERS = ("$and", "$or", "$not")

#: How much a misspelt operator must have in common with a known one: `$gtt` has, `$regex` has not.
_SIMILARITY = 0.7

_T = TypeVar("_T")
_Parser = Callable[[], _T]


@dataclass(frozen=True, slots=True)
class ConditionProblem:
    """One problem: where it is (`conditions.total.$gtt`) and what was found and expected there."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class ConditionError(Exception):
    """A definition that is no condition."""

    def __init__(self, problems: Sequence[ConditionProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, problems)))


def parse_conditions(raw: Mapping[str, object], *, where: str = "conditions") -> Condition:
    """
    Parse a definition; the empty one always holds.

    Raises:
        ConditionError: With each problem's place, what was found there and which operators are known.
    """
    if kind(raw) != "mapping":
        raise _problem(where, f"expected a mapping of paths, found {_found(raw)}")
    return _all_of(raw, where, DEPTH_LIMIT) if raw else AllOf(())


def _all_of(raw: object, where: str, depth: int, prefix: str = "") -> Condition:
    """
    Parse a mapping of paths and combiners.

    *depth* levels may still follow below this one; *prefix* is the path it is nested in, with its dot.
    """
    entries = _mapping(raw, where, depth)
    return _joined([partial(_entry, key, value, where, depth, prefix) for key, value in entries.items()])


def _entry(key: str, value: object, where: str, depth: int, prefix: str) -> Condition:
    inner = f"{where}.{key}"
    if not key.startswith("$"):
        return _path(prefix + key, value, inner, depth - 1)
    if prefix:
        raise _problem(inner, "operators and keys cannot stand in one mapping")
    if key not in COMBINERS:
        raise _unknown(inner, key, COMBINERS)
    if key == "$not":
        return Not(_all_of(value, inner, depth - 1))
    return _combined(key, value, inner, depth - 1)


def _combined(key: str, value: object, where: str, depth: int) -> Condition:
    if not isinstance(value, list | tuple) or not value:
        raise _problem(where, f"expected a list of conditions, found {_found(value)}")
    parts = _each([partial(_all_of, item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)])
    return AnyOf(parts) if key == "$or" else AllOf(parts)


def _path(text: str, value: object, where: str, depth: int) -> Condition:
    if not all(text.split(".")):
        raise _problem(where, f"the path {text!r} has an empty part")
    if not isinstance(value, Mapping):
        return _leaf(Path.parse(text), "$eq", value, where, depth)
    if _is_table(value):
        return _table(Path.parse(text), value, where, depth)
    return _all_of(value, where, depth, prefix=f"{text}.")


def _is_table(value: Mapping[object, object]) -> bool:
    return bool(value) and all(isinstance(key, str) and key.startswith("$") for key in value)


def _table(path: Path, raw: object, where: str, depth: int) -> Condition:
    entries = _mapping(raw, where, depth)
    return _joined([partial(_operator, path, key, value, where, depth) for key, value in entries.items()])


def _operator(path: Path, name: str, value: object, where: str, depth: int) -> Condition:
    inner = f"{where}.{name}"
    if name == "$not":
        return Not(_table(path, value, inner, depth - 1))
    if name not in OPERATORS:
        raise _unknown(inner, name, (*OPERATORS, "$not"))
    return _leaf(path, name, value, inner, depth - 1)


def _leaf(path: Path, name: str, expected: object, where: str, depth: int) -> Leaf:
    operator = OPERATORS[name]
    if not operator.accepts(expected):
        wanted = " or ".join(f"a {one}" for one in sorted(operator.kinds))
        raise _problem(where, f"{name} expects {wanted}, found {_found(expected)}")
    _check_json(expected, where, depth)
    return Leaf(path=path, name=name, operator=operator, expected=expected, where=where)


def _check_json(value: object, where: str, depth: int) -> None:
    _check_depth(where, depth)
    match value:
        case None | bool() | int() | str():
            return
        case float():
            _check_finite(value, where)
        case list() | tuple():
            _each([partial(_check_json, one, f"{where}[{i}]", depth - 1) for i, one in enumerate(value)])
        case Mapping():
            _each([partial(_check_json, one, f"{where}.{key}", depth - 1) for key, one in value.items()])
        case _:
            # A TOML date is a datetime, which a payload's JSON can never equal.
            raise _problem(where, f"expected JSON, found {_found(value)}; put a date or time in quotes")


def _check_finite(value: float, where: str) -> None:
    if not isfinite(value):
        raise _problem(where, f"expected a finite number, found {value}")


def _mapping(raw: object, where: str, depth: int) -> Mapping[str, object]:
    _check_depth(where, depth)
    if not isinstance(raw, Mapping) or not raw:
        raise _problem(where, f"expected a mapping with at least one entry, found {_found(raw)}")
    strange = [key for key in raw if not isinstance(key, str)]
    if strange:
        raise _problem(where, f"expected text as keys, found {_found(strange[0])}")
    return raw


def _check_depth(where: str, depth: int) -> None:
    if depth < 0:
        raise _problem(where, f"nested more than {DEPTH_LIMIT} levels deep")


def _joined(parsers: Iterable[_Parser[Condition]]) -> Condition:
    parts = _each(parsers)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _each(parsers: Iterable[_Parser[_T]]) -> tuple[_T, ...]:
    """Run every parser and raise the problems of all, so that one look at the error is enough."""
    parsed: list[_T] = []
    problems: list[ConditionProblem] = []
    for parse in parsers:
        try:
            parsed.append(parse())
        except ConditionError as error:
            problems.extend(error.problems)
    if problems:
        raise ConditionError(problems)
    return tuple(parsed)


def _problem(where: str, message: str) -> ConditionError:
    return ConditionError([ConditionProblem(where, message)])


def _unknown(where: str, name: str, known: Sequence[str]) -> ConditionError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=_SIMILARITY)
    hint = f"; did you mean {near[0]}?" if near else ""
    return _problem(where, f"unknown operator {name} here; known: {' '.join(known)}{hint}")


def _found(value: object) -> str:
    if value in ([], (), {}):
        return f"an empty {kind(value)}"
    return "null" if value is None else f"a {kind(value)}"
