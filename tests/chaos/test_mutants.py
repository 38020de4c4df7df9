"""
The model's own test: each of these faults, put into a script, is found by it.

A check that nothing can fail shows nothing. Each mutant is a copy of the scripts and of what drives them, with one line
changed, in a process of its own; the unchanged copy must pass.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.code import ROOT

#: By what a mutant forgets: the script, what is changed in it, and into what.
MUTANTS = {
    "no token check": ("settle", "if fence ~= w.token then return 0 end", ""),
    "writes after the close": (
        "settle",
        "if status ~= 'running' then return status == w.to and 2 or 0 end",
        "",
    ),
    "no lease after a step": ("settle", "redis.call('ZADD', ready(source), 'XX', now + lease, w.lane)", ""),
    "no hold": ("settle", "if w.hold then", "if false then"),
    "no applied time": ("settle", "if w.to == 'succeeded' then remember(w.event, w.home or w.lane) end", ""),
    "an older time is applied": ("settle", "tonumber(newest) < tonumber(occurred)", "true"),
    "a dead letter expires": ("settle", "if w.to == 'dead' then", "if false then"),
    "crashes add up": ("settle", "redis.call('HSET', w.event, 'crashes', '0')", ""),
    "every attempt counts": ("settle", "if not w.uses_attempt then", "if false then"),
    "the lane stays": ("_shared", "then redis.call('LPOP', lane) end", "then end"),
    "the lane does not go on": (
        "_shared",
        "== 1 then\n    redis.call('ZADD', ready(source), now, lane)",
        "== 1 then",
    ),
    "an illegal move": ("_shared", "if not legal(from, to) then return false end", ""),
    "not counted": ("_shared", "count(source, to, 1)", ""),
    "not open": ("_shared", "redis.call('ZADD', OPEN, now, event) else", "else"),
    "open for ever": ("_shared", "redis.call('ZREM', OPEN, event) end", "end"),
    "not among the dead": (
        "_shared",
        "redis.call('ZADD', DEAD, now, event)",
        "redis.call('ZREM', DEAD, event)",
    ),
    "a lane that nobody knows": ("accept", "redis.call('ZADD', ready(source), 'NX', unpack(lanes))", "1"),
    "accept ends a lease": ("accept", "'NX', unpack(lanes)", "unpack(lanes)"),
    "first in, last out": (
        "accept",
        "redis.call('RPUSH', lane, record)",
        "redis.call('LPUSH', lane, record)",
    ),
    "no guard": ("accept", "if ttl > 0 and not", "if false and not"),
    "no lease": ("claim", "now + lease, lane)", "now, lane)"),
    "one token for all": ("claim", "redis.call('INCR', FENCE)", "redis.call('GET', FENCE) or '1'"),
    "crashes are not counted": ("claim", "redis.call('HINCRBY', event, 'crashes', 1)", ""),
    "poison is not buried": ("claim", "tonumber(crashes) >= max_crashes", "false"),
    "poison holds nothing": ("claim", "string.find(ARGV[10], ' ' .. source .. ' ', 1, true)", "false"),
    "a replay ends no hold": (
        "_shared",
        "== event then\n    redis.call('ZADD', ready(source), now, lane)",
        "== event then",
    ),
    "a replay jumps the queue": ("_shared", "'RPUSH', lane, event", "'LPUSH', lane, event"),
    "a replay of what runs": ("_shared", "or IN_FLIGHT[status] then", "then"),
    "a replayed event expires": ("_shared", "redis.call('PERSIST', event)", ""),
    "a replayed event keeps its crashes": ("_shared", "'crashes', '0', ", ""),
    "a step is settled while a worker has it": ("resolve", "if status ~= 'dead' or", "if not status or"),
    "a step that is done is settled": ("resolve", "if not UNSETTLED[state] then", "if state == '' then"),
    "a replay that is paused goes on": ("replay", "if state ~= 'running' then", "if not state then"),
    "two hands on one replay": ("replay", "if holder ~= ARGV[a + 1] then", "if false then"),
    "a replay takes what died since": ("replay", "meant(ARGV[a]) and start_again", "start_again"),
    "a replay counts what it did not move": ("replay", "'moved', moved)", "'moved', #results)"),
    "an event forgets its replay": ("replay", "if started and id then", "if false then"),
    "an event keeps an old replay": ("_shared", "'closed', 'replay')", "'closed')"),
    "a step that was settled is lost": ("resolve", "if ruling == 'done' then", "if false then"),
    "a discard ends no hold": ("discard", "advance(lane, event, source, now)", ""),
    "one source for ever": ("claim", "(first + i) % #turns + 1", "1"),
    "bytes add up": ("_shared", "IN_FLIGHT[to] and bytes or -bytes", "bytes"),
    "retention takes what is dead": (
        "retire",
        "if not over or not string.find(ARGV[3], ' ' .. status .. ' ', 1, true)",
        "if not over",
    ),
    "retention keeps no books": ("retire", "count(source, 'retired.' .. status, 1)", ""),
    "a pause that nobody sees": ("settle", "redis.call('ZADD', KEYS[6], now, w.event)", ""),
    "a pause holds up others": ("settle", "advance(w.lane, w.event, source, now)\n  end", "end"),
    "a resume of nothing": ("resume", "if mark(event, meant) == 0 then return 0 end", "mark(event, meant)"),
    "a resume of all": ("resume", "not meant or meant[place]", "true"),
    "a resume that wakes nobody": ("resume", "redis.call('ZADD', ready(source), now, lane)", ""),
    "a lane of its own for ever": ("_shared", "redis.call('HSET', event, 'lane', home)", ""),
    "a discarded event is paused still": ("discard", "redis.call('ZREM', KEYS[9], event)", ""),
    "a discarded event stays": ("discard", "redis.call('PEXPIRE', event, keep)", ""),
}
CHECK = """
import sys, redis
from tests.support.machine import check
client = redis.Redis.from_url(sys.argv[1], decode_responses=True)
check(client, sys.argv[1], examples=int(sys.argv[2]), steps=40, shrink=False)
"""


def finds_nothing(redis_url: str, folder: Path, *, examples: int) -> bool:
    """Run the model in *folder*; return whether it found no fault there."""
    command = [sys.executable, "-c", CHECK, redis_url, str(examples)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    assert not result.stderr or "AssertionError" in result.stderr or "ResponseError" in result.stderr
    return result.returncode == 0


def spoil(folder: Path, script: str, line: str, instead: str) -> None:
    path = folder / "receiver" / "lua" / f"{script}.lua"
    path.write_text(path.read_text().replace(line, instead))


def times_found(script: str, line: str) -> int:
    return (ROOT / "receiver" / "lua" / f"{script}.lua").read_text().count(line)


def copied(folder: Path) -> Path:
    """Copy what the model drives."""
    for part in ("receiver", "workers", "tests/support"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_p9_every_mutant_changes_one_place():
    """A script that was rewritten would leave a mutant that changes nothing, or more than it says."""
    assert {} == {name: line for name, (script, line, _) in MUTANTS.items() if times_found(script, line) != 1}


@pytest.mark.within(900)
def test_p9_the_model_finds_what_a_script_forgets(redis_url, tmp_path, scaled, chance, shown):
    """What the model would not see could be broken tomorrow, and every test of it would still be green."""
    names = chance.sample(sorted(MUTANTS), min(len(MUTANTS), scaled(len(MUTANTS), least=2)))

    missed = []
    for name in names:
        folder = copied(tmp_path / name)
        spoil(folder, *MUTANTS[name])
        if finds_nothing(redis_url, folder, examples=100):
            missed.append(name)

    assert [] == missed
    assert finds_nothing(redis_url, copied(tmp_path / "as it is"), examples=5)
    shown("P9 mutants", criterion="each is found", reached=f"{len(names)} of {len(names)} spoiled scripts")
