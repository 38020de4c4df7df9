"""
House rules that a linter cannot know; each stands here because breaking it has cost somebody events.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.code import ROOT, Module, modules, source

LUA = sorted((ROOT / "receiver" / "lua").glob("*.lua"))

#: How a key of ours or of rq's begins; at the end of a text it is the fixed part of an f-string.
KEY = re.compile(r"\b(orderhook|rq):([a-z{*]|$)")


def _ids(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def test_only_keys_py_spells_a_key() -> None:
    """A key that two places spell will one day be spelt in two ways, and what one writes the other never reads."""
    wrong = [
        f"{module.at(line)}: {text!r}"
        for module in source()
        if module.name != "receiver.keys"
        for line, text in module.strings()
        if KEY.search(text)
    ]

    assert [] == wrong


@pytest.mark.parametrize("path", LUA, ids=_ids(LUA))
def test_a_script_spells_no_key(path: Path) -> None:
    """A script gets its keys as KEYS: a key it makes up is one that its caller does not know of."""
    code = [line.partition("--")[0] for line in path.read_text().splitlines()]

    assert [] == [line for line in code if KEY.search(line)]


@pytest.mark.parametrize(
    "path", [path for path in LUA if not path.name.startswith("_")], ids=lambda path: path.stem
)
def test_a_script_says_what_it_takes_gives_and_why_it_is_atomic(path: Path) -> None:
    """KEYS[7] means nothing to a reader, and a script that need not be atomic should not be one."""
    first, *lines = path.read_text().splitlines()
    header = "\n".join(line for line in lines[: _length_of_header(lines)])

    assert first.startswith("#!lua"), "without it Redis runs the script past its memory limit"
    for part in ("Atomic because", "KEYS", "ARGV", "Returns"):
        assert re.search(rf"^-- {part}\b", header, re.MULTILINE), f"the header does not say {part}"


def _length_of_header(lines: list[str]) -> int:
    return next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))


def test_every_script_is_run_somewhere() -> None:
    """A script that nobody runs is still read, trusted and kept in step with the others."""
    texts = {text for module in source() for _, text in module.strings()}

    assert set() == {path.stem for path in LUA if not path.name.startswith("_")} - texts


def test_nothing_is_unpickled() -> None:
    """Who can write to Redis could run code here: a pickle is a program."""
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}

    wrong = [
        module.at(found.line) for module in source() for found in module.imports() if found.top in banned
    ] + [
        f"{module.at(line)}: {text!r}"
        for module in source()
        for line, text in module.strings()
        if text.rpartition(".")[2] in ("PickleSerializer", "DefaultSerializer")
    ]

    assert [] == wrong


#: What of rq reads or writes jobs, and unpickles what it reads unless it is told otherwise.
TAKE_A_SERIALIZER = re.compile(
    r"(^|\.)(\w*Job\.(fetch|fetch_many|create)|(\w*)Queue|(\w*)Worker|\w*Registry)$"
)


def test_every_reader_of_jobs_names_the_json_serializer() -> None:
    """One reader with rq's default is enough: listing jobs then runs what an attacker wrote into Redis."""
    touch_rq = [module for module in source() if any(found.top == "rq" for found in module.imports())]

    wrong = [
        f"{module.at(call.lineno)}: {text}"
        for module in touch_rq
        for text, call in module.calls()
        if TAKE_A_SERIALIZER.search(text) and "serializer" not in _keywords(call)
    ]

    assert [] == wrong


def test_every_redis_client_says_how_it_retries() -> None:
    """By default redis-py sends a command again when a reply is lost; a write then happens twice."""
    wrong = [
        f"{module.at(call.lineno)}: {text}"
        for module in source()
        for text, call in module.calls()
        if text.endswith((".from_url", "ConnectionPool")) and not {"retry", None} & _keywords(call)
    ]

    assert [] == wrong


def _keywords(call: ast.Call) -> set[str | None]:
    """Return the names of a call's keyword arguments; None stands for `**`."""
    return {keyword.arg for keyword in call.keywords}


def test_nothing_is_left_to_do() -> None:
    """A TODO is a decision that nobody will find again; an excluded line is one that nobody will test."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|pragma:" + r" no cover|type: ignore(?!\[)")
    this = Path(__file__)

    wrong = [
        f"{module.at(number)}: {line.strip()}"
        for module in (*source(), *modules("tests"), *modules("benchmarks"))
        if module.path != this
        for number, line in enumerate(module.path.read_text().splitlines(), 1)
        if marks.search(line)
    ]

    assert [] == wrong


def _tests() -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in modules("tests"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield module, node


def test_every_test_says_why_it_matters() -> None:
    """Who breaks a test in two years must learn from it what breaks with it, not only that it is red."""
    wrong = [
        f"{module.at(test.lineno)}: {test.name}" for module, test in _tests() if not ast.get_docstring(test)
    ]

    assert [] == wrong


def test_every_test_is_named_by_a_sentence() -> None:
    """A list of test names reads as the list of what orderhook does."""
    shortest = 2

    wrong = [
        f"{module.at(test.lineno)}: {test.name}"
        for module, test in _tests()
        if test.name.count("_") < shortest
    ]

    assert [] == wrong


#: How a test stops testing: it is left out, or the thing under test is replaced, or it hopes that time is enough.
BANNED_IN_TESTS = re.compile(
    r"^(pytest\.(mark\.)?(skip|skipif|xfail|importorskip)|time\.sleep|(\w+\.)*monkeypatch\.(setattr|delattr)|"
    r"(\w+\.)*(Mock|MagicMock|AsyncMock|patch|create_autospec))(\.\w+)*$"
)


#: Losing power is played in C, and not every machine that runs the suite has a compiler.
MAY_SKIP = ("tests.chaos.power_loss.disk", "pytest.skip")


def test_no_test_is_left_out_patched_or_slept_through() -> None:
    """A patched test proves what the patch does; one that sleeps fails on a slow machine and wastes a fast one."""
    wrong = [
        f"{module.at(node.lineno)}: {ast.unparse(node)}"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name) and BANNED_IN_TESTS.match(ast.unparse(node))
        if (module.name, ast.unparse(node)) != MAY_SKIP
    ]

    assert [] == wrong


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/*/**/test_*.py")), ids=lambda path: path.stem)
def test_a_test_file_lies_where_its_package_would_have_it(path: Path) -> None:
    """Who changes `receiver/secrets.py` looks for its tests in `tests/receiver/`."""
    folder = path.relative_to(ROOT / "tests").parts[0]

    assert folder in {
        "architecture",
        "benchmarks",
        "chaos",
        "console",
        "e2e",
        "receiver",
        "sandbox",
        "workers",
    }
