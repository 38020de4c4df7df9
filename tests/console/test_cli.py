"""The command line as a whole: quick to load, helpful, and honest in its exit codes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from redis.exceptions import ResponseError

from console.cli import app
from console.cli.boundary import read
from console.errors import ConsoleError, Failed, Misuse, NoRedis, NotFound
from console.exit_codes import MEANINGS, ExitCode
from receiver.config import ConfigError, Problem
from receiver.store import WeakDurability


def _commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    if not inner:
        yield path
    for name, each in inner.items():
        yield from _commands(each, *path, name)


COMMANDS = sorted(_commands(typer.main.get_command(app)))


def test_loading_it_loads_nothing_heavy():
    """Help and completion must be there at once, and `--help` must work where Redis' client is broken."""
    code = "import json, sys, console.cli; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(json.loads(run.stdout))

    assert set() == loaded & {
        "redis",
        "pydantic",
        "structlog",
        "aiohttp",
        "rq",
        "uvicorn",
        "starlette",
        "asyncio",
    }


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_ends_in_examples_and_exit_codes(orderhook, words):
    """What is typed most is copied from an example."""
    said = orderhook.run(*words, "--help")

    lines = said.out.splitlines()
    examples = lines[lines.index(next(line for line in lines if "Examples:" in line)) :]
    assert any(f"$ orderhook {' '.join(words)}" in line for line in examples) or " ".join(words) in " ".join(
        examples
    )
    assert any("Exit codes: 0 " in line for line in examples)


@pytest.mark.parametrize("group", [(), ("events",), ("dead-letters",), ("workflows",), ("sources",)], ids=str)
def test_a_noun_alone_shows_what_can_be_done_with_it(orderhook, group):
    """Nobody remembers every verb."""
    said = orderhook.run(*group)

    assert "Usage:" in said.out + said.err


def test_a_misspelt_command_is_a_usage_error(orderhook):
    """And not a failure of the system."""
    assert ExitCode.USAGE == orderhook.run("evnts").code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed("no"), ExitCode.FAILED),
        (Misuse("no"), ExitCode.USAGE),
        (NotFound("no"), ExitCode.NOT_FOUND),
        (NoRedis("no"), ExitCode.NO_REDIS),
        (ConsoleError("no"), ExitCode.FAILED),
        (ResponseError("OOM"), ExitCode.NO_REDIS),
        (WeakDurability("no"), ExitCode.USAGE),
        (ConfigError([Problem(where="f", key="k", found="x", expected="y")]), ExitCode.USAGE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_may_go_wrong_has_an_exit_code(error, code):
    """Scripts decide by it whether to try again, to page somebody or to give up."""
    found = read(error)

    assert found is not None
    assert code is found[0]


def test_a_bug_is_not_dressed_up():
    """Its traceback is what we need."""
    assert read(KeyError("x")) is None


def test_every_exit_code_is_explained_in_the_help(orderhook):
    """A number without a meaning is looked up at three in the morning."""
    assert set(MEANINGS) == set(ExitCode)
    assert MEANINGS[ExitCode.NO_REDIS] in orderhook.run("--help").out


def test_the_configuration_can_be_named_by_option(orderhook, tmp_path):
    """Two installations on one machine are told apart by one option."""
    other = tmp_path / "other.toml"
    other.write_text('[sources.other.scheme]\ntype = "unsigned"\n')

    said = orderhook.run("--config", str(other), "sources", "list", "--json")

    assert ["other"] == [row["source"] for row in said.rows]
