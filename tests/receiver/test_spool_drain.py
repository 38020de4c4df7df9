"""The drain: everything into Redis, in order, whatever happens on the way; and whose turn it is."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from receiver.accept import NewEvent, Outcome, Recorded
from receiver.commit import MAX_BATCH
from receiver.one_thread import OneThread
from receiver.spool_drain import Drain, Turn
from receiver.spool_store import SpoolStore
from receiver.store import StoreUnavailable
from tests.support.code import ROOT
from tests.support.events import an_event
from tests.support.waiting import until, until_async

pytestmark = pytest.mark.anyio


class Recorder:
    """What Redis was given, batch by batch; *troubles* are raised first, one for each call, where not None."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.troubles: list[Exception | None] = []
        self.refused: set[str] = set()

    async def __call__(self, events: Sequence[NewEvent]) -> list[Recorded]:
        await asyncio.sleep(0.001)
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is None:
            self.batches.append([event.id for event in events])
            return [self._answer(event.id) for event in events]
        raise trouble

    def _answer(self, event_id: str) -> Recorded:
        return Recorded(
            Outcome.REFUSED if event_id in self.refused else Outcome.ACCEPTED, event_id, "WRONGTYPE"
        )

    @property
    def ids(self) -> list[str]:
        return [event_id for batch in self.batches for event_id in batch]


class Machine:
    """One receiver's part of a spool: its store, in a thread, and what drains it."""

    def __init__(self, folder: Path, recorder: Recorder, *, frozen_after_s: float = 60) -> None:
        self.store = SpoolStore(folder, "shop", max_bytes=100_000_000)
        self.turn = Turn(folder / "shop.turn", frozen_after_s=frozen_after_s)
        self.thread = OneThread("test")
        self.alone = asyncio.Lock()
        self.room: int | None = None
        self.drain = Drain(
            "shop",
            store=self.store,
            turn=self.turn,
            thread=self.thread,
            alone=self.alone,
            refusal=self.refuse,
            record=recorder,
        )

    def refuse(self, _size: int) -> str:
        """Take room, where there is still some; None means any number."""
        if self.room is None:
            return ""
        self.room -= 1
        return "" if self.room >= 0 else "no room"

    async def add(self, *events: NewEvent, must: bool = True) -> list[object]:
        async with self.alone:
            return await self.thread.call(self.store.add, [(event, must) for event in events])

    @contextlib.asynccontextmanager
    async def draining(self):
        task = asyncio.ensure_future(self.drain.forever())
        self.drain.nudge()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.thread.call(self.store.close)
            self.thread.end()

    async def until_drained(self, within_s: float = 10) -> None:
        async def drained() -> bool:
            return not self.store.waiting

        await until_async(drained, within_s=within_s, what="drained")


@pytest.fixture(name="recorder")
def _recorder():
    return Recorder()


@pytest.fixture(name="machine")
def _machine(tmp_path, recorder):
    return Machine(tmp_path, recorder)


async def test_all_goes_out_in_order_and_in_batches(machine, recorder):
    """One command must not stall Redis, and no event may overtake another."""
    names = [f"evt-{n}" for n in range(2 * MAX_BATCH + 10)]
    await machine.add(*(an_event(name) for name in names))

    async with machine.draining():
        await machine.until_drained()

    assert names == recorder.ids
    assert max(len(batch) for batch in recorder.batches) == MAX_BATCH


async def test_a_redis_that_does_not_take_them_yet_is_asked_again(machine, recorder):
    """The drain is the probe; nothing is taken out before Redis has it, and nothing is skipped."""
    recorder.troubles = [StoreUnavailable("refused"), None, StoreUnavailable("the answer was lost"), None]
    names = [f"evt-{n}" for n in range(MAX_BATCH + 10)]
    await machine.add(*(an_event(name) for name in names))

    async with machine.draining():
        await machine.until_drained()

    assert names == recorder.ids
    assert [] == recorder.troubles


async def test_a_fault_of_ours_does_not_end_the_drain(machine, recorder):
    """What waits is acknowledged: better a log full of tracebacks than silence."""
    recorder.troubles = [KeyError("a bug")]
    await machine.add(an_event("evt-1"))

    async with machine.draining():
        await machine.until_drained()

    assert ["evt-1"] == recorder.ids


async def test_a_process_that_died_before_it_took_them_out_gives_them_again(tmp_path, recorder):
    """Recorded and not removed: Redis knows them, and answers duplicate."""
    first, second = Machine(tmp_path, recorder), Machine(tmp_path, recorder)
    await first.add(an_event("evt-1"), an_event("evt-2"))
    await recorder([an_event("evt-1")])

    async with second.draining():
        await second.until_drained()

    assert ["evt-1", "evt-1", "evt-2"] == recorder.ids
    first.thread.end()


async def test_an_event_that_redis_refuses_stays_and_is_tried_again(machine, recorder):
    """Somebody else's key stands in its place: an operator can take that away, and the event must still be there."""
    recorder.refused = {"evt-2"}
    await machine.add(an_event("evt-1"), an_event("evt-2"))

    async with machine.draining():
        await until_async(lambda: tried_again(recorder), what="tried again")
        recorder.refused = set()
        await machine.until_drained()

    assert ["evt-1", "evt-2"] == recorder.batches[0]
    assert {"evt-2"} == {event_id for batch in recorder.batches[1:] for event_id in batch}


async def tried_again(recorder: Recorder) -> bool:
    return len(recorder.batches) > 2


async def test_no_more_goes_out_than_there_is_room_for(machine, recorder):
    """Else an outage would end in a Redis that is full."""
    names = [f"evt-{n}" for n in range(10)]
    await machine.add(*(an_event(name) for name in names))
    machine.room = 3

    async def three_out() -> bool:
        return len(recorder.ids) == 3

    async with machine.draining():
        await until_async(three_out, what="three are recorded")
        await asyncio.sleep(0.1)
        assert names[:3] == recorder.ids
        machine.room = None
        await machine.until_drained()

    assert names == recorder.ids


async def test_it_ends_under_steady_load(machine, recorder):
    """By the time the last one is recorded there is always another: those that come last have to wait a moment."""
    await machine.add(an_event("evt-0"))
    sent = 1

    async def load() -> None:
        nonlocal sent
        while isinstance((await machine.add(an_event(f"evt-{sent}"), must=False))[0], Recorded):
            sent += 1

    async with machine.draining():
        await asyncio.wait_for(load(), 20)

    assert [f"evt-{n}" for n in range(sent)] == recorder.ids


class TestTurn:
    @pytest.fixture(name="path")
    def _path(self, tmp_path):
        return tmp_path / "shop.turn"

    @pytest.fixture(name="other")
    def _other(self, path):
        """Another process, whose turn it is."""
        code = f"""
import signal
from pathlib import Path
from receiver.spool_drain import Turn
turn = Turn(Path({str(path)!r}), frozen_after_s=60)
assert turn.take()
print("taken", flush=True)
signal.pause()
"""
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert b"taken\n" == process.stdout.readline()
        yield process
        process.kill()
        process.wait()
        process.stdout.close()

    async def test_one_process_at_a_time(self, path):
        """Else each event would be recorded twice in vain."""
        ours, theirs = Turn(path, frozen_after_s=60), Turn(path, frozen_after_s=60)

        assert ours.take()
        assert ours.take()
        assert not theirs.take()
        ours.give()
        assert theirs.take()
        theirs.give()

    async def test_the_turn_of_a_process_that_was_killed_is_free_at_once(self, path, other):
        """What it left behind was acknowledged, and is late already."""
        ours = Turn(path, frozen_after_s=60)
        assert not ours.take()

        other.kill()

        until(ours.take, within_s=5, what="our turn")
        ours.give()

    async def test_a_process_that_is_frozen_is_passed_over(self, path, other):
        """It may stay frozen for hours; when it wakes up, what it does is done twice and harmless."""
        other.send_signal(signal.SIGSTOP)
        ours = Turn(path, frozen_after_s=0.2)

        assert not ours.take()
        until(ours.take, within_s=5, what="our turn")
        assert not Turn(path, frozen_after_s=60).take()  # we are at work now
        ours.give()

    async def test_another_process_drains_what_a_dead_one_left(self, tmp_path, recorder, path, other):
        """The one that kept them is gone for good; the next one on this machine finds them by itself."""
        machine = Machine(tmp_path, recorder)
        await machine.add(an_event("evt-1"))

        async with machine.draining():
            await asyncio.sleep(0.05)
            assert [] == recorder.ids
            os.kill(other.pid, signal.SIGKILL)
            await machine.until_drained()

        assert ["evt-1"] == recorder.ids
