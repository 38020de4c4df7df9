"""
`ORDERHOOK_…` variables as settings: `ORDERHOOK_RECEIVER__PORT=80` is `receiver.port = 80`.

Owns the names and the merging; a variable wins over the file. Values stay text, but for lists and tables,
which are JSON: what other text means depends on the setting, and `validation.py` knows.
Names are case-insensitive, and `_` finds a `-` too, so that `[sources.my-shop]` can be reached from a shell.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .problems import ConfigError, Gathering, Path, Problem, dotted, kind_of

PREFIX = "ORDERHOOK_"
_REFERENCE = re.compile(r"env:(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """
    The merged values while the variables are laid over them, one by one.
    """

    values: dict[str, Any]
    origins: dict[Path, str] = field(default_factory=dict)
    gathering: Gathering = field(default_factory=Gathering)


def variable_of(path: Path) -> str:
    """
    Return the variable that sets *path*.
    """
    return PREFIX + "__".join(str(part).upper().replace("-", "_") for part in path)


def lay_over(values: dict[str, Any], *, environ: Mapping[str, str], skip: frozenset[str]) -> Overlay:
    """
    Lay the variables over *values*, which is changed and handed back inside.

    No settings are those of *skip*, and those that a value names as a secret (`env:ORDERHOOK_SHOP_SECRET`).
    """
    overlay = Overlay(values=values)
    ours = {name: text for name, text in environ.items() if name.upper().startswith(PREFIX)}
    secrets = referenced([values, *ours.values()])
    # Short ones first: ORDERHOOK_SOURCES gives the table that ORDERHOOK_SOURCES__SHOP__ENABLED then changes.
    for name in sorted(ours.keys() - secrets, key=lambda name: (name.count("__"), name)):
        if name.upper() not in skip:
            overlay.gathering.attempt(partial(_lay, overlay, name, ours[name]))
    return overlay


def referenced(values: object) -> frozenset[str]:
    """
    Return the names of all variables that texts in *values* refer to as `env:NAME`.
    """
    return frozenset(name for text in _texts(values) for name in _REFERENCE.findall(text))


def _texts(values: object) -> Iterable[str]:
    waiting = [values]  # no recursion: a hostile file may be nested as deep as its parser can go
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _lay(overlay: Overlay, name: str, text: str) -> None:
    *parents, last = name[len(PREFIX) :].lower().split("__")
    table, path = _open(overlay, name, parents)
    key = _spelled(last, table)
    path = (*path, key)
    if path in overlay.origins:
        raise _twice(name, path, overlay.origins[path])
    table[key] = _container(text)
    overlay.origins[path] = name


def _open(overlay: Overlay, name: str, parents: list[str]) -> tuple[dict[str, Any], Path]:
    """
    Return the table that a variable's last part belongs to, and its path; make what is not there.
    """
    table: dict[str, Any] = overlay.values
    path: Path = ()
    for part in parents:
        key = _spelled(part, table)
        path = (*path, key)
        if key not in table:
            overlay.origins[path] = name
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            raise _no_table(name, path, inner)
        table = inner
    return table, path


def _spelled(part: str, table: Mapping[str, Any]) -> str:
    """
    Return the key of *table* that *part* means, or *part* itself where none or more than one is like it.
    """
    alike = [key for key in table if key.lower().replace("-", "_") == part]
    return alike[0] if len(alike) == 1 and part not in table else part


def _container(text: str) -> Any:
    """
    Return the list or table that *text* is as JSON, else *text*: "{timestamp}.{body}" is a text too.
    """
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _no_table(name: str, path: Path, found: object) -> ConfigError:
    problem = Problem(
        where=f"environment {name}",
        key=dotted(path),
        found=f"{kind_of(found)}, which has no keys",
        expected=f"the whole value in {variable_of(path)} (a list as JSON)",
    )
    return ConfigError([problem])


def _twice(name: str, path: Path, other: str) -> ConfigError:
    found = f"set by {other} too"
    problem = Problem(where=f"environment {name}", key=dotted(path), found=found, expected="one of them")
    return ConfigError([problem])
