"""
What is wrong with a configuration, in words an operator can act on.

Owns the wording: where, which key, what was found, what was expected.
Refuses to show a value by itself: `shown` is called only for values that are known not to be secret.

    ValueError
     └ ConfigError    somebody must edit the file or the environment; carries every problem
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import TypeAlias, TypeVar

Path: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    One thing to put right.

    `expected` may be empty where `found` already says it all.
    """

    where: str
    """The file, or `environment ORDERHOOK_X`."""
    key: str
    """Dotted, as TOML writes it: `sources.shop.scheme.secrets[0]`; empty for the file as a whole."""
    found: str
    """The value, or only its kind where the value may be secret."""
    expected: str

    def __str__(self) -> str:
        said = f"{self.found}; expected {self.expected}" if self.expected else self.found
        return f"{self.key}: {said}" if self.key else said


class ConfigError(ValueError):
    """
    The configuration cannot be used; `problems` holds everything that is wrong with it.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(_lines(self.problems))


class Gathering:
    """
    Collect the problems of several checks, so that the first one does not hide the others.
    """

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    def add(self, *problems: Problem) -> None:
        self._problems.extend(problems)

    def attempt(self, build: Callable[[], T]) -> T | None:
        """
        Return what *build* returns, or keep its problems and return None.
        """
        try:
            return build()
        except ConfigError as error:
            self.add(*error.problems)
            return None

    def raise_all(self) -> None:
        """
        Raises:
            ConfigError: A check has failed.

        """
        if self._problems:
            raise ConfigError(self._problems)


def dotted(path: Path) -> str:
    """
    Return *path* as TOML writes a key, with list places in brackets.
    """
    return "".join(_part(part) for part in path).removeprefix(".")


def kind_of(value: object) -> str:
    """
    Return what sort of value this is, and nothing of the value.
    """
    kind = next((kind for types, kind in _KINDS if isinstance(value, types)), "a value of another kind")
    empty = isinstance(value, Sized) and not len(value)
    return f"{kind}, empty" if empty else kind


def shown(value: object) -> str:
    """
    Return a scalar as TOML writes it, cut where it is long; the kind of anything else.
    """
    if not isinstance(value, str | int | float):
        return kind_of(value)
    text = json.dumps(value, ensure_ascii=True) if isinstance(value, str | bool) else _number(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (Mapping, "a table"),
    ((list, tuple), "a list"),
    ((date, time), "a date or time"),
    (type(None), "null"),
)


def _number(value: float) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to write an integer of thousands of digits
        return "a whole number of thousands of digits"


def _part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _BARE_KEY.fullmatch(part) else f".{json.dumps(part)}"


def _lines(problems: tuple[Problem, ...]) -> Iterable[str]:
    places = list(dict.fromkeys(problem.where for problem in problems))
    ordered = sorted(problems, key=lambda problem: places.index(problem.where))
    for where, group in groupby(ordered, key=lambda problem: problem.where):
        yield where
        yield from (f"  {problem}" for problem in group)
