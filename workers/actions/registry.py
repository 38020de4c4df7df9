"""
The registry: the actions of one process, by name, collected from modules.

Importing a user's module runs a user's code. This is the one place that does it, and it reports what goes
wrong by module, all at once.
"""

import difflib
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel

from ..redaction import redacted
from . import schema
from .base import Action
from .building import build
from .marking import Mark, mark_of
from .parameters import Around, context_of

#: Loaded always, before the modules of the configuration.
BUILT_IN = (
    "workers.actions.creating",
    "workers.actions.files",
    "workers.actions.mailing",
    "workers.actions.orders",
    "workers.actions.pause",
    "workers.actions.pushing",
    "workers.actions.shop",
    "workers.actions.webhook",
)


class ActionError(Exception):
    """Actions that cannot be loaded; `problems` are pairs of module and message."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{module}: {message}" for module, message in problems))


@dataclass(frozen=True, slots=True)
class Registry:
    """
    Actions by name, read like a mapping.

    Args:
        around: What of the configuration a parameter may name; None where nobody knows.
    """

    actions: Mapping[str, Action]
    around: Around | None = None

    @classmethod
    def load(
        cls,
        modules: Sequence[str] = (),
        *,
        folder: Path | None = None,
        around: Around | None = None,
    ) -> Self:
        """
        Import *modules* and collect their actions, after the built-in ones.

        Args:
            modules: Dotted names, as in `actions = ["erp_actions"]`.
            folder: Where the configuration file is: modules beside it are found from any working folder.

        Raises:
            ActionError: A module cannot be imported, an action cannot be used, or two share a name.
        """
        if folder is not None and str(folder) not in sys.path:
            sys.path.append(str(folder))  # last: a user's `queue.py` must not replace the library's
        collection = _Collection()
        for module in dict.fromkeys((*BUILT_IN, *modules)):
            collection.add_module(module)
        if collection.problems:
            raise ActionError(collection.problems)
        return cls(MappingProxyType(collection.actions), around)

    def __getitem__(self, name: str) -> Action:
        return self.actions[name]

    def __contains__(self, name: object) -> bool:
        return name in self.actions

    def __iter__(self) -> Iterator[str]:
        return iter(self.actions)

    def params(self, name: str, given: Mapping[str, Any]) -> BaseModel:
        """
        Return what a workflow gives to an action, checked.

        Raises:
            ValidationError: It cannot be used.
        """
        return self.actions[name].params.model_validate(given, context=context_of(self.around))

    def schema(self, name: str) -> Mapping[str, Any]:
        """Return the JSON Schema of what a workflow may give to an action, beside `type`."""
        return schema.parameters(self.actions[name].params)

    def describe_unknown(self, name: str) -> str:
        """Return the message for a name that is not in here, with the names that are."""
        near = difflib.get_close_matches(name, self.actions, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"unknown action {name!r}; known: {', '.join(sorted(self.actions))}{hint}"


@dataclass(slots=True)
class _Collection:
    """What has been found so far; a function that is met again, in whatever module, is not found twice."""

    actions: dict[str, Action] = field(default_factory=dict)
    seen: set[Callable[..., Any]] = field(default_factory=set)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add_module(self, name: str) -> None:
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything
            self.problems.append(
                (name, f"cannot be imported: {type(error).__name__}: {redacted(str(error))}")
            )
            return
        marked = [(function, mark) for function in vars(module).values() if (mark := mark_of(function))]
        for function, mark in marked:
            self._add(name, function, mark)
        if not marked:
            self.problems.append((name, f"no function in {module.__file__} is marked with @action(…)"))

    def _add(self, module: str, function: Callable[..., Any], mark: Mark) -> None:
        if function in self.seen:
            return
        self.seen.add(function)
        try:
            action = build(function, mark)
        except ValueError as error:
            self.problems.append((module, str(error)))
            return
        first = self.actions.setdefault(action.name, action)
        if first is not action:
            self.problems.append((module, f"the action {action.name} is already defined in {first.module}"))
