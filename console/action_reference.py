"""
The parameters of actions as their pages show them: a table that is written from the actions themselves.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from receiver.config.schema import described, opened
from workers.actions import EffectClass, Registry

FOLDER = Path(__file__).parents[1] / "docs" / "actions"

_GENERATED = re.compile(
    r"(<!-- generated: the action's parameters[^>]*-->\n\n).*?(\n<!-- end -->)", re.DOTALL
)
_REPEATS = {
    EffectClass.NATURAL: "is run again, since it reads the state before it acts",
    EffectClass.KEYED: "is run again under the same idempotency key, by which the other side knows a repeat",
    EffectClass.COLLAPSIBLE: "is run again under the same id, by which the other side knows a repeat",
    EffectClass.UNKEYED: "is held for a person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    One parameter of an action, in words.
    """

    name: str
    value: str
    default: str
    meaning: str

    @property
    def is_required(self) -> bool:
        return self.default == "required"


def pages() -> Iterator[tuple[Path, str]]:
    """
    Yield path and text of the page of each built-in action, its table written anew.
    """
    registry = Registry.load()
    for name in sorted(registry):
        path = FOLDER / f"{name}.md"
        if path.exists():
            yield path, written(path.read_text("utf-8"), registry, name)


def written(page: str, registry: Registry, name: str) -> str:
    """
    Return the page with the table of this action.
    """
    table = "\n".join(_table(registry, name))
    return _GENERATED.sub(lambda match: f"{match[1]}{table}\n{match[2]}", page)


def _table(registry: Registry, name: str) -> Iterator[str]:
    effect = registry[name].effect
    yield f"Effect class: *{effect.value}*. A step whose outcome is not known {_REPEATS[effect]}."
    yield ""
    found = list(parameters(registry.schema(name)))
    if not found:
        yield "It takes no parameters."
        return
    yield "| parameter | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for one in found:
        cells = (f"`{one.name}`", one.value, one.default, one.meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def parameters(schema: Mapping[str, Any]) -> Iterator[Parameter]:
    """
    Yield the parameters in a JSON Schema, in their order.
    """
    required = schema.get("required", ())
    for name, node in schema.get("properties", {}).items():
        found = opened(schema, node)
        default = node.get("default", found.get("default"))
        yield Parameter(
            name=name,
            value=described(found),
            default="required" if name in required else _shown(default),
            meaning=str(node.get("description", "")),
        )


def _shown(default: object) -> str:
    return "" if default in (None, "", [], ()) else f"`{json.dumps(default, ensure_ascii=False)}`"
