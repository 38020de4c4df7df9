"""
What an action's docstring says, as the API, the command line and the pages show it. Pure.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

_SECTION = re.compile(r"^(Args|Raises|Returns|Source):.*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^ {4}(\w+): (.*)$")


def summary(function: Callable[..., Any]) -> str:
    """Return what the action does: the docstring in front of its first section, its paragraphs on one line each."""
    text = _SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0]
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n".join(part for part in paragraphs if part)


def arguments(function: Callable[..., Any]) -> Mapping[str, str]:
    """Return what the docstring says of each parameter."""
    _, _, rest = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    found: dict[str, str] = {}
    name = ""
    for line in _SECTION.split(rest, maxsplit=1)[0].splitlines():
        if begun := _ARGUMENT.match(line):
            name, found[begun[1]] = begun[1], begun[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found
