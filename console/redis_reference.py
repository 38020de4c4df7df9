"""
The page of what is in Redis, `docs/redis.md`, written from the docstrings of `receiver/keys.py` and the scripts' heads.

Owns the page's order and form; the schema is said where the keys and the scripts are.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from importlib.resources import files

from receiver import keys

_HEAD = """\
<!-- Written by `make docs` (python -m console.docs) from receiver/keys.py and receiver/lua. Do not edit. -->

# What is in Redis

Every key is a function in `receiver/keys.py`, and no other place spells one.
Times are milliseconds since 1970 by Redis' own clock, as decimal text.
Members that name an event or a lane are that event's or lane's whole key.

## Keys
"""

_SCRIPTS = """\
## Scripts

Each is one atomic step; keys, arguments and what it returns stand on top of its file in `receiver/lua/`.

| script | what it does | why it is atomic |
|---|---|---|
"""

#: A docstring of a key begins with it: "`orderhook:ready`: sorted set, …".
_KEY = re.compile(r"(`[^`]+`): (.*)", re.DOTALL)


def redis_page() -> str:
    """
    Return the text of `docs/redis.md`.
    """
    sections = [_section(key, text) for key, text in _keys()]
    return "\n\n".join([_HEAD.rstrip(), *sections, _SCRIPTS + "\n".join(_scripts())]) + "\n"


def _keys() -> Iterator[tuple[str, str]]:
    """
    Yield each key and what is said of it, in the order of the file.
    """
    functions = [found for _, found in inspect.getmembers(keys, inspect.isfunction)]
    for function in sorted(functions, key=_line):
        match = _KEY.fullmatch(inspect.getdoc(function) or "")
        if match:
            yield match[1], match[2]


def _line(function: Callable[..., object]) -> int:
    return function.__code__.co_firstlineno


def _section(key: str, text: str) -> str:
    return f"### {key}\n\n{text[:1].upper()}{text[1:]}"


def _scripts() -> Iterator[str]:
    folder = files("receiver") / "lua"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".lua") and not file.name.startswith("_"):
            what, why = _script_head(file.read_text())
            yield f"| `{file.name}` | {what} | {why} |"


def _script_head(text: str) -> tuple[str, str]:
    """
    Return what a script's head says before KEYS: what it does, and why that must be atomic.
    """
    comment = " ".join(_comment_lines(text)).partition(" KEYS ")[0]
    what, _, why = comment.partition("Atomic because ")
    return _cell(what), _cell(why)


def _comment_lines(text: str) -> Iterator[str]:
    for line in text.splitlines()[1:]:
        if not line.startswith("--"):
            return
        yield line.removeprefix("--").strip()


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|")
