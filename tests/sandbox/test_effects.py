"""The effect log and its file."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime

import aiohttp
import pytest

from sandbox.effects import EffectKind, EffectLog
from tests.support.waiting import until_async


def a_log(file=None):
    return EffectLog(clock=lambda: datetime(2026, 3, 1, 12, 0, 0, 5_000, tzinfo=UTC), file=file)


def add(log, **changes):
    log.add(
        EffectKind.TAG_CREATE,
        **{"order_id": None, "idempotency_key": "run-1", "detail": {"tag": "grønn"}} | changes,
    )


def test_an_effect_is_one_line_of_json():
    """Tests and people read the log with the same tools."""
    log = a_log()

    add(log)

    assert (
        '{"seq":1,"at":"2026-03-01T12:00:00.005Z","effect":"tag.create","orderId":null,'
        '"idempotencyKey":"run-1","detail":{"tag":"grønn"}}\n'
    ) == log.since(0)[0].line().decode()


def test_the_file_holds_each_effect_as_soon_as_it_is_added(tmp_path):
    """Without a flush or a close, since a kill grants neither."""
    log = a_log(tmp_path / "effects.jsonl")
    add(log)
    add(log)

    lines = (tmp_path / "effects.jsonl").read_text().splitlines()
    log.close()

    assert [1, 2] == [json.loads(line)["seq"] for line in lines]


def test_numbers_go_on_in_the_file_of_an_earlier_process(tmp_path):
    """A chaos test that kills the sandbox joins both lives of it by number."""
    for _ in range(2):
        log = a_log(tmp_path / "effects.jsonl")
        add(log)
        log.close()

    lines = (tmp_path / "effects.jsonl").read_text().splitlines()

    assert [1, 2] == [json.loads(line)["seq"] for line in lines]


@pytest.mark.parametrize("content", ["", "\n", "no json\n", '{"seq": 1', "[]\n", '{"seq": "x"}\n'])
def test_a_file_that_is_no_log_starts_the_numbers_at_1(tmp_path, content):
    """A file that something else has spoilt must not keep the sandbox from starting."""
    (tmp_path / "effects.jsonl").write_text(content)
    log = a_log(tmp_path / "effects.jsonl")

    add(log)
    log.close()

    assert [1] == [effect.seq for effect in log.since(0)]


def test_a_number_is_not_used_again_after_forgetting():
    """`since` stays right over a reset."""
    log = a_log()
    add(log)

    log.forget()
    add(log)

    assert [2] == [effect.seq for effect in log.since(0)]


SERVER = """
import sys
from pathlib import Path
from sandbox.config import SandboxConfig
from sandbox.server import run
run(SandboxConfig(port=int(sys.argv[1]), effects_file=Path(sys.argv[2])))
"""


@pytest.mark.anyio
async def test_an_effect_that_was_answered_outlives_a_kill(tmp_path, unused_url):
    """The file is the witness of chaos tests: what a caller was told has happened stands in it."""
    file, base = tmp_path / "effects.jsonl", unused_url.removesuffix("/hook")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, base.rsplit(":", 1)[1], str(file)
    )
    try:
        async with aiohttp.ClientSession(trust_env=False) as session:

            async def seeded():
                try:
                    async with session.post(f"{base}/_sandbox/seed", json={"orders": 3}) as answer:
                        return answer.status == 201
                except aiohttp.ClientError:
                    return False

            await until_async(seeded, what="the sandbox answers")
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()

    assert ["order.create"] * 3 == [json.loads(line)["effect"] for line in file.read_text().splitlines()]
