"""The parsed condition: four frozen node types."""

from dataclasses import dataclass
from typing import TypeAlias

from .operators import Operator
from .view import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One operator on one path; `where` is its place in the definition, for `explain`."""

    path: Path
    name: str
    operator: Operator
    expected: object
    where: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each part holds; so does none at all."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition: TypeAlias = Leaf | AllOf | AnyOf | Not
