"""
`orderhook workflows actions`: what a step can do, the user's own actions included.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.actions import Action, Registry
from workers.settings import registry_of

from .. import render
from ..access import config_of
from ..action_reference import parameters
from ..desk import Desk
from ..render import Piece
from ..story import Tone


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print every action, by name; needs neither secrets nor tokens.

    Raises:
        ConfigError: A module of `actions` cannot be loaded.

    """
    registry = registry_of(config_of(desk))
    found = [registry[name] for name in sorted(registry)]
    if as_jsonl:
        for action in found:
            render.json_line(as_json(registry, action))
    else:
        render.table(("NAME", "EFFECT", "PARAMETERS", "WHAT IT DOES"), (_row(registry, one) for one in found))


def as_json(registry: Registry, action: Action) -> Mapping[str, Any]:
    """
    Return an action as programs read it.
    """
    return {
        "name": action.name,
        "effect": action.effect.value,
        "summary": action.summary,
        "needsOrder": action.needs_order,
        "module": action.module,
        "parameters": registry.schema(action.name),
    }


def _row(registry: Registry, action: Action) -> Sequence[Piece]:
    summary = action.summary.partition("\n")[0]
    return (
        action.name,
        action.effect.value,
        ", ".join(_words(registry, action)) or "-",
        (summary, Tone.FAINT),
    )


def _words(registry: Registry, action: Action) -> Iterator[str]:
    for parameter in parameters(registry.schema(action.name)):
        yield parameter.name if parameter.is_required else f"[{parameter.name}]"
