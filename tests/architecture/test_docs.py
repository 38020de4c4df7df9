"""
The pages say what is so: links lead somewhere, commands exist, and what is drawn from code equals the code.
"""

import base64
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from console.cli import app
from receiver import lifecycle
from receiver.lifecycle import Status
from receiver.settings import read_config, receiver_settings
from tests.support.code import ROOT
from workers.actions import Registry
from workers.conditions import parse_conditions
from workers.settings import worker_settings
from workers.workflows import load_workflows

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]

#: `[text](target)`, outside of code.
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")

#: The words of the architecture: each has its row, so that nobody invents a second one for the same thing.
WORDS = """
    source, delivery, event, event type, event id, subject, lane, workflow, run, step, attempt, retry, dead letter,
    replay, discard, ignored, shift
    scheme, secret, verdict, duplicate, quarantine, guard, trust, tolerance, accepted
    record, body, inbox, ready, hold, stale, status, in flight, reason, retention, durability
    trigger, condition, plan, action, effect, effect class, effect ledger, intent, idempotency key
    claim, lease, fencing token, backoff, failure, crash, budget, circuit, moment
    target, message, place
    relay, wake, group commit, sweep, audit, loss equation, supervisor, sandbox
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """At three in the morning a dead link in the runbook is a dead end."""
    text = CODE_BLOCK.sub("", page.read_text())
    targets = [target for target in LINK.findall(text) if "://" not in target]

    assert [] == [target for target in targets if not _exists(page, target)]


def _exists(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = page if not path else (page.parent / path).resolve()
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_linked_from_the_readme() -> None:
    """A page that nothing leads to is not read, and then not kept true."""
    linked = set(LINK.findall((ROOT / "README.md").read_text()))

    assert set() == {f"docs/{page.name}" for page in PAGES[1:] if page.parent.name == "docs"} - linked


def test_the_life_cycle_is_drawn_from_its_table() -> None:
    """A diagram that is drawn by hand shows the moves that were legal when somebody last looked."""
    page = (ROOT / "docs" / "architecture.md").read_text()

    drawn = re.search(r"diagram\(\): begin -->\n```mermaid\n(.*?)\n```\n<!--", page, re.DOTALL)

    assert drawn is not None
    assert lifecycle.diagram() == drawn[1], "put what receiver.lifecycle.diagram() returns between the marks"


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    """A status that an operator sees and cannot look up is a word without a meaning."""
    assert f"| `{status}` |" in (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("word", re.split(r",\s+|\n\s+", WORDS.strip()))
def test_every_word_of_ours_has_its_row_in_the_glossary(word: str) -> None:
    """One word per concept only holds if the word can be looked up."""
    assert f"\n| {word} | " in (ROOT / "docs" / "glossary.md").read_text()


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the full name of every command; typer carries a click of its own, so groups are told by what they have."""
    yield name, command
    for part, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{name} {part}")


COMMANDS = dict(_commands(typer.main.get_command(app), "orderhook"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_on_the_page_of_the_command_line(name: str) -> None:
    """A command that is not documented is found by nobody who needs it in a hurry."""
    assert f"`{name}`" in (ROOT / "docs" / "cli.md").read_text()


def _said_commands() -> Iterator[tuple[str, str]]:
    """Yield page and text of every command of ours that a page tells its reader to type."""
    for page in PAGES:
        text = page.read_text()
        blocks = "\n".join(CODE_BLOCK.findall(text))
        in_blocks = re.findall(r"^(?:\$ )?(?:\.venv/bin/)?(orderhook [^|<>&\n]*)", blocks, re.MULTILINE)
        in_spans = [
            span for span in CODE_SPAN.findall(CODE_BLOCK.sub("", text)) if span.startswith("orderhook ")
        ]
        yield from ((page.name, command) for command in [*in_blocks, *in_spans])


@pytest.mark.parametrize(("page", "said"), sorted(set(_said_commands())))
def test_every_command_in_a_page_can_be_typed(page: str, said: str) -> None:
    """Who copies a command from the runbook must not be told that there is no such option."""
    words = shlex.split(said, comments=True)
    name, options = _resolve(words)

    known = {text for option in COMMANDS[name].params for text in (*option.opts, *option.secondary_opts)}
    assert set() == {option.partition("=")[0] for option in options} - known - {"--help"}


def _resolve(words: list[str]) -> tuple[str, list[str]]:
    """Return the command that *words* name, and the options behind it; those of a group on the way are taken off."""
    name, rest = words[0], words[1:]
    while rest and hasattr(COMMANDS[name], "commands"):
        if rest[0].startswith("-"):
            rest = rest[1:] if rest[0] in ("-h", "--help") else rest[_length(COMMANDS[name], rest[0]) :]
        else:
            assert f"{name} {rest[0]}" in COMMANDS, f"there is no command {name} {rest[0]}"
            name, rest = f"{name} {rest[0]}", rest[1:]
    return name, [word for word in rest if word.startswith("--")]


def _length(command: Any, option: str) -> int:
    """Return how many words an option takes, its value included."""
    (found,) = [one for one in command.params if option in (*one.opts, *one.secondary_opts)]
    return 1 if found.is_flag else 2


def test_the_configurations_and_the_action_of_the_readme_can_be_used(tmp_path: Path) -> None:
    """The first thing that is copied from a project must work as it stands."""
    page = (ROOT / "README.md").read_text()
    (action,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    configurations = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    secrets = {"SHOP_SECRET": "whsec_" + base64.b64encode(b"s" * 24).decode(), "INSTALLER_API_TOKEN": "token"}
    # Under a name of its own: what is imported once stays imported, for every other test of this process too.
    (tmp_path / "actions_of_the_readme.py").write_text(action)

    started = []
    for number, text in enumerate(configurations):
        path = tmp_path / f"{number}.toml"
        path.write_text(text.replace("erp_actions", "actions_of_the_readme"))
        raw = read_config(environ=secrets, path=path)
        receiver_settings(raw)
        started += [workflow.name for workflow in worker_settings(raw).workflows]

    assert ["Tag and dispatch new orders", "Tell the ERP"] == started


def test_the_workflow_and_the_conditions_of_the_guide_can_be_used() -> None:
    """Who learns the language from the page must not learn a slip."""
    page = (ROOT / "docs" / "workflows.md").read_text()
    first, *_ = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    conditions = re.findall(r"^conditions = .*$", page, re.MULTILINE)

    (workflow,) = load_workflows(tomllib.loads(first)["workflows"], known=Registry.load())
    parsed = [parse_conditions(tomllib.loads(line)["conditions"]) for line in conditions]

    assert ("Tag and dispatch big orders", 5) == (workflow.name, len(parsed))


def test_every_make_target_in_a_page_exists() -> None:
    """The first command that a newcomer types must work."""
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^\$ |`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }

    assert set() == said - targets
