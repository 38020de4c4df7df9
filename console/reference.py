"""
The page of all settings, `docs/configuration.md`, written from the models.

Owns the page's order and form. What a key means, admits and defaults to is said by its model and nowhere else, in
the words that problems of a configuration use too. Run `python -m console.reference` to write the page.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from receiver.config import schema_of
from receiver.config.environment import variable_of
from receiver.config.schema import Node, choices, described, members, opened
from receiver.settings import ReceiverSettings
from workers.api.paths import OPERATIONS
from workers.api.routes import Operation
from workers.sections import WorkerFile
from workers.workflows.definitions import Definition

from .settings import ConsoleSettings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"

#: Stands for the name that a source or a target is given.
NAME = "NAME"

#: A bar that does not end its cell.
PIPE = "\\|"

#: Ends the title of a table in a list.
ENTRY = "[]"
WORKFLOWS = f"workflows{ENTRY}"

_HEAD = """\
<!-- Written by `make docs` (python -m console.reference) from the settings' models. Do not edit. -->

# Configuration

One file, `orderhook.toml`, holds all settings.
It is read from the working folder, if it is there; `ORDERHOOK_CONFIG` names another one, which must be there.
`console/example.toml` is an example with every setting.

Every setting is an environment variable too, and the environment wins.
Its name is `ORDERHOOK_` and the key, with `__` for each dot, in upper or lower case.
A `-` in a source's name is written `_`.
Text is taken as it is, numbers and `true` or `false` as such, lists and tables are written as JSON:

```
ORDERHOOK_RECEIVER__PORT=80
ORDERHOOK_SOURCES__SHOP__SCHEME='{"type": "github", "secrets": ["env:SHOP_SECRET"]}'
```

All problems are reported at once: the file or the variable, the key, what was found and what was expected.
An unknown key is an error.
So is an unknown variable that begins with `ORDERHOOK_`, unless a setting names it as a secret (`env:ORDERHOOK_X`).
What may be secret is never shown.

```
orderhook.toml
  receiver.prot: an unknown key; expected port
  sources.shop.scheme.secrets[0]: env:SHOP_SECRET is not set; expected an environment variable with the secret
environment ORDERHOOK_RECEIVER__BODY_DEADLINE_S
  receiver.body_deadline_s: "soon"; expected a number above 0 and at most 300
```

## Secrets

A secret is `env:NAME`, `file:PATH`, or the secret itself.
A relative path is taken from the folder of the configuration file.
An unset variable, a file that cannot be read and an empty value stop the start.
`redis_url` may be `env:NAME` or `file:PATH` too.

Each process reads only the secrets that it needs.
The receiver reads those of the schemes, and never the token of an order API.
Workers read the tokens and what the targets have, and never the secrets of the schemes.
So neither needs the other's in its environment; `orderhook sources check` needs both.
Apart from secrets, workers check the whole file, the receiver's part included.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    A table of the file: how its key is written, what it is about, and the settings in it.
    """

    title: str
    about: str
    rows: Mapping[str, Node]
    required: frozenset[str]


def settings_page() -> str:
    """
    Return the page as Markdown.
    """
    return _HEAD + "\n".join(_rendered(table) for table in tables().values())


def tables() -> Mapping[str, Table]:
    """
    Return every table of the file by its title; what receiver, workers and console know of one is put together.
    """
    found: dict[str, Table] = {}
    for table in (
        *_walk_file(ReceiverSettings),
        *_walk_file(ConsoleSettings),
        *_walk_file(WorkerFile),
        *_workflows(),
    ):
        known = found.get(table.title)
        found[table.title] = _joined(known, table) if known else table
    return dict(sorted(found.items(), key=_place))


def _walk_file(model: type[BaseModel]) -> Iterator[Table]:
    root = schema_of(model)
    return _walk(root, root, title="", about="")


def _workflows() -> Iterator[Table]:
    root = schema_of(Definition)
    about = "A list of tables, so each begins `[[workflows]]`. In the environment it is given as a whole."
    return _walk(root, root, title=WORKFLOWS, about=about)


def _joined(first: Table, second: Table) -> Table:
    return Table(
        title=first.title,
        about=first.about,
        rows={**second.rows, **first.rows},
        required=first.required | second.required,
    )


_ORDER = (
    "",
    "receiver",
    "console",
    "sources",
    "targets",
    "email",
    "push",
    "downloads",
    "worker",
    "loop_guard",
    "integrations",
    WORKFLOWS,
)


def _place(item: tuple[str, Table]) -> int:
    top = item[0].split(".")[0]
    return _ORDER.index(top)


def _walk(root: Node, node: Node, *, title: str, about: str) -> Iterator[Table]:
    properties = {key: opened(root, child) for key, child in node.get("properties", {}).items()}
    inner = {key: child for key, child in properties.items() if _is_table(child)}
    rows = {key: child for key, child in properties.items() if key not in inner and not _is_elsewhere(child)}
    if rows:
        yield Table(title=title, about=about, rows=rows, required=frozenset(node.get("required", ())))
    for key, child in rows.items():
        yield from _entries(root, child, title=f"{title.partition(' ')[0]}.{key}")
    for key, child in inner.items():
        yield from _inner(root, child, title=f"{title}.{key}".removeprefix("."))


def _inner(root: Node, node: Node, *, title: str) -> Iterator[Table]:
    for value in node.get("patternProperties", {}).values():
        yield from _inner(root, opened(root, value), title=f"{title}.{NAME}")
    if "discriminator" in node:
        for member in members(node):
            yield from _scheme(root, opened(root, member), title=title)
    elif "properties" in node:
        yield from _walk(root, node, title=title, about=str(node.get("description", "")))


def _entries(root: Node, node: Node, *, title: str) -> Iterator[Table]:
    """
    Yield the table that an entry of a list may be.
    """
    item = opened(root, node.get("items", {}))
    if "properties" in item:
        yield from _walk(root, item, title=f"{title}{ENTRY}", about=str(item.get("description", "")))


def _scheme(root: Node, node: Node, *, title: str) -> Iterator[Table]:
    (kind,) = choices(node["properties"]["type"])
    yield from _walk(
        root, node, title=f'{title} with type = "{kind}"', about=str(node.get("description", ""))
    )


def _is_table(node: Node) -> bool:
    return "discriminator" in node or "properties" in node or "patternProperties" in node


def _is_elsewhere(node: Node) -> bool:
    return node.get("type") == "null"


def _rendered(table: Table) -> str:
    return "\n".join(_lines(table))


def _lines(table: Table) -> Iterable[str]:
    yield from (f"## {_heading(table.title)}", "")
    if table.about:
        yield from (" ".join(table.about.split()), "")
    yield "| key | environment variable | value | default | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (_row(table, key, node) for key, node in table.rows.items())
    yield ""


def _heading(title: str) -> str:
    if not title:
        return "At the top"
    key, _, kind = title.partition(" ")
    brackets = f"`[[{key.removesuffix(ENTRY)}]]`" if key.endswith(ENTRY) else f"`[{key}]`"
    return f"{brackets} {kind.replace('type = ', '`type = ')}`" if kind else brackets


def _row(table: Table, key: str, node: Node) -> str:
    cells = (
        f"`{key}`",
        _variable(table, key),
        described(node),
        _default(table, key, node),
        _meaning(table, key, node),
    )
    return f"| {' | '.join(cell.replace('|', PIPE) for cell in cells)} |"


def _variable(table: Table, key: str) -> str:
    if table.title.endswith(ENTRY):
        return ""  # only the whole list is a variable
    path = [*table.title.partition(" ")[0].split("."), key]
    return f"`{variable_of(tuple(part for part in path if part))}`"


def _default(table: Table, key: str, node: Node) -> str:
    if key in table.required:
        return "required"
    default = str(OPERATIONS[key].route) if _is_paths(table) else node.get("default")
    return "" if default is None else f"`{json.dumps(default, ensure_ascii=False)}`"


def _meaning(table: Table, key: str, node: Node) -> str:
    if _is_paths(table):
        return _standing(OPERATIONS[key])
    if key == "type" and table.title.startswith(f"sources.{NAME}.scheme"):
        return "Which scheme it is."
    return " ".join(str(node.get("description", "")).split())


def _is_paths(table: Table) -> bool:
    return table.title.endswith(".api.paths")


def _standing(operation: Operation) -> str:
    known = operation.standing.value.capitalize()
    return f"{known}; {operation.note}." if operation.note else f"{known}."


if __name__ == "__main__":
    PAGE.write_text(settings_page(), "utf-8")
