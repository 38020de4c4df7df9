"""
The faults that are on: reading a set of them, and drawing lots whether one strikes now.

Lots come from a generator of their own, so that a fault never shifts an id.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import ValidationError

from .errors import Refusal, invalid
from .faults import API_FAULTS, KNOWN, Fault

FaultT = TypeVar("FaultT", bound=Fault)


@dataclass(slots=True, kw_only=True)
class Armed:
    """
    A fault that is on, with how often it has struck.
    """

    fault: Fault
    struck: int = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times

    def to_json(self) -> dict[str, Any]:
        return {**self.fault.model_dump(), "struck": self.struck}


class FaultSet:
    """
    The faults that are on, with the generator that draws the lots.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._armed: tuple[Armed, ...] = ()

    def replace(self, faults: Collection[Fault]) -> None:
        self._armed = tuple(Armed(fault=fault) for fault in faults)

    def draw(self, kind: type[FaultT], operation: str) -> FaultT | None:
        """
        Return the first fault of this kind that strikes this operation (or event type) now, and count it.
        """
        for armed in self._armed:
            fault = armed.fault
            if isinstance(fault, kind) and self._strikes(armed, operation):
                armed.struck += 1
                return fault
        return None

    def _strikes(self, armed: Armed, operation: str) -> bool:
        fault = armed.fault
        if armed.spent or not fnmatchcase(operation, fault.operation or "*"):
            return False
        return self._chance.random() < fault.probability

    def uniform(self, most: float) -> float:
        return self._chance.uniform(0, most)

    def to_json(self) -> dict[str, Any]:
        return {"faults": [armed.to_json() for armed in self._armed], "known": sorted(KNOWN)}


def read_faults(body: Any, *, operations: Collection[str], event_types: Collection[str]) -> tuple[Fault, ...]:
    """
    Read a set such as `{"faults": [{"fault": "status_429", "times": 2}]}`.

    Raises:
        Refusal: 422 that names the known faults, operations or event types.

    """
    entries = body.get("faults") if isinstance(body, Mapping) else None
    if not isinstance(entries, list):
        raise _refusal(f'expected {{"faults": [...]}}; known faults: {_listed(KNOWN)}')
    faults = tuple(_read_fault(f"faults.{index}", entry) for index, entry in enumerate(entries))
    for index, fault in enumerate(faults):
        known = operations if isinstance(fault, API_FAULTS) else event_types
        if not any(fnmatchcase(name, fault.operation or "*") for name in known):
            raise _refusal(
                f"faults.{index}.operation: {fault.operation!r} is unknown to {fault.fault}; known: {_listed(known)}"
            )
    return faults


def _read_fault(where: str, entry: Any) -> Fault:
    name = entry.get("fault") if isinstance(entry, Mapping) else None
    kind = KNOWN.get(name) if isinstance(name, str) else None
    if kind is None:
        raise _refusal(f"{where}.fault: {name!r} is unknown; known faults: {_listed(KNOWN)}")
    try:
        return kind.model_validate(entry)
    except ValidationError as problem:
        settings = ", ".join(setting for setting in kind.model_fields if setting != "fault")
        raise _refusal(f"{where} ({name}): {invalid(problem).message}; its settings: {settings}") from None


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _refusal(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)
