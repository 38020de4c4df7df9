"""
The page of the command line, `docs/cli.md`, written from the commands themselves.

Owns the page's order and form. What a command does, takes and is tried with stands in `console/cli` and nowhere else.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import typer.main

from .cli import app
from .exit_codes import MEANINGS
from .moments import EXPECTED

_HEAD = f"""\
<!-- Written by `make docs` (python -m console.docs) from the commands themselves. Do not edit. -->

# Command line

Data goes to stdout, talk to stderr.
Where data is listed, `--json` prints one JSON object a line.
Colours are for terminals only, and `NO_COLOR` switches them off there.

`--since` and `--until` take {EXPECTED}.
A relative time is counted from the start of the command, by Redis' clock, and then stands still.
A time without a zone is local.

Commands that only look at events need neither secrets nor tokens, only `redis_url`.

## Exit codes

| code | meaning |
|---|---|
"""

#: Begins a line of an epilog that is a command to try.
_PROMPT = "$ "


def cli_page() -> str:
    """
    Return the text of `docs/cli.md`.
    """
    codes = "\n".join(f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    sections = ["\n".join(_section(path, command)) for path, command in _commands("orderhook", _root())]
    return "\n\n".join([_HEAD + codes, *sections]) + "\n"


def _root() -> Any:
    # typer carries a click of its own, whose types are private: the tree is read by what its nodes have.
    return typer.main.get_command(app)


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", inner)


def _section(path: str, command: Any) -> Iterator[str]:
    yield f"## `{path}`"
    yield ""
    yield "\n".join(line.strip() for line in command.help.strip().splitlines())
    if not hasattr(command, "commands"):
        yield from ("", "```", " ".join([path, "[OPTIONS]", *_arguments(command)]), "```")
    yield from _table(command)
    yield from _examples(command)


def _arguments(command: Any) -> Iterator[str]:
    for param in command.params:
        if param.param_type_name == "argument":
            name = param.metavar or param.name.upper()
            yield f"{name if param.required else f'[{name}]'}{'...' if param.nargs == -1 else ''}"


def _table(command: Any) -> Iterator[str]:
    params = [
        param for param in command.params if param.name not in ("install_completion", "show_completion")
    ]
    if params:
        yield from ("", "| option | default | meaning |", "|---|---|---|", *map(_row, params))


def _row(param: Any) -> str:
    variable = f" Environment: `{param.envvar}`." if getattr(param, "envvar", None) else ""
    required = " Required." if param.required and param.param_type_name == "option" else ""
    return f"| {_name(param)} | {_default(param)} | {param.help}{variable}{required} |"


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.metavar or param.name.upper()}`"
    value = f" {param.metavar}" if param.metavar else ""
    return ", ".join(f"`{text}{value}`" for text in (*param.opts, *param.secondary_opts))


def _default(param: Any) -> str:
    return "" if param.default in (None, "", False) or param.required else f"`{_shown(param.default)}`"


def _shown(default: object) -> str:
    return {True: "on"}.get(default, str(default)) if isinstance(default, bool) else str(default)


def _examples(command: Any) -> Iterator[str]:
    lines: Sequence[str] = [line.replace("\\[", "[") for line in (command.epilog or "").splitlines()]
    found = [line for line in lines if line.startswith(_PROMPT)]
    if found:
        yield from ("", "```", *found, "```")
