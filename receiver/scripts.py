"""
The Lua scripts, read from their files: each `lua/*.lua` is one atomic step, with its keys and arguments on top.

`_shared.lua` is put behind the first line of each (the line that gives Redis the script's flags).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import redis
import redis.asyncio as aredis
from redis.exceptions import NoScriptError

from . import keys, lifecycle, store


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script as Redis takes it; `sha` is what EVALSHA names it by."""

    name: str
    text: str
    sha: str


@cache
def load(name: str) -> Script:
    """Return the script of that file name, without the ending."""
    folder = files(__package__) / "lua"
    flags, _, rest = (folder / f"{name}.lua").read_text().partition("\n")
    text = f"{flags}\n{(folder / '_shared.lua').read_text()}\n{rest}"
    return Script(name=name, text=text, sha=hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def common_keys() -> tuple[str, str, str, str, str]:
    """Return KEYS 1 to 5, which every script begins with; the first is what the keys of ready lanes begin with."""
    return keys.ready(""), keys.counts(), keys.open_events(), keys.dead(), keys.sources()


@cache
def moves() -> str:
    """Return ARGV 1, which every script begins with: the table of legal moves."""
    return lifecycle.moves_text()


def arguments(script_keys: Sequence[object], args: Sequence[object]) -> list[Any]:
    """Return what follows the name in an EVALSHA: number of keys, keys, arguments, with the common ones in front."""
    common = common_keys()
    return [len(common) + len(script_keys), *common, *script_keys, moves(), *args]


async def run(
    client: "aredis.Redis", name: str, script_keys: Sequence[object] = (), args: Sequence[object] = ()
) -> Any:
    """
    Run a script; load it first where the server does not have it (then nothing was run).

    Where the server is the primary no more, it is run on the one that is.
    """
    script = load(name)
    call = arguments(script_keys, args)

    async def run_once() -> Any:
        try:
            return await client.evalsha(script.sha, *call)
        except NoScriptError:
            await client.script_load(script.text)
            return await client.evalsha(script.sha, *call)

    return await store.on_primary(client, run_once)


def run_sync(
    client: "redis.Redis", name: str, script_keys: Sequence[object] = (), args: Sequence[object] = ()
) -> Any:
    """Run a script like `run`, over a blocking client: for rq's processes and the command line."""
    script = load(name)
    call = arguments(script_keys, args)

    def run_once() -> Any:
        try:
            return client.evalsha(script.sha, *call)
        except NoScriptError:
            client.script_load(script.text)
            return client.evalsha(script.sha, *call)

    return store.on_primary_sync(client, run_once)
