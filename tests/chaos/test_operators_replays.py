"""
Replays of many dead letters: one behind live traffic that is killed on its way (E5), and several at once (E6).
"""

import itertools
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pytest

from console.access import now_ms
from receiver import keys
from receiver.accept import NewEvent
from receiver.inbox import Inbox
from tests.chaos.load import Event, Load, worst
from tests.chaos.scene import ages_s, configure, deeds, drained, in_flight, timed
from tests.support.events import accepted, an_event
from tests.support.system import Process, System
from tests.support.waiting import until
from workers import dead_letters
from workers.pacing import CEILING
from workers.replaying import Replaying
from workers.replays import Register, Replay, State, Terms

DEAD = "order.dead"
#: What operators type.
FILTERS = (("--type", DEAD), ("--source", "open"))
REPLAY = ("replay", "--all", "--yes")
#: Dead letters that one call of accept.lua records.
RECORDED_AT_ONCE = 500
#: One in so many events dies again in its first replay.
POISONED = 3


def dead_letters_of(system: System, number: int, *, poisoned: int = 0) -> list[str]:
    """
    Record so many dead letters of an order each, as an outage leaves them; return their ids.

    Args:
        poisoned: One in so many dies again until its cause is gone; 0 for none.
    """
    ids = [f"dead-{n}" for n in range(number)]
    letters = [a_dead_letter(one, poison=bool(poisoned) and not n % poisoned) for n, one in enumerate(ids)]
    with system.client() as client:
        for start in range(0, number, RECORDED_AT_ONCE):
            accepted(client, *letters[start : start + RECORDED_AT_ONCE])
    return ids


def a_dead_letter(event_id: str, *, poison: bool) -> NewEvent:
    return an_event(
        event_id, source="open", subject=event_id, type=DEAD, quarantine="timeout", data={"poison": poison}
    )


def replays(system: System) -> list[Replay]:
    """Return the replays on record, the newest first."""
    with system.client() as client:
        return list(Register(client).newest(9))


class TestE5:
    @pytest.mark.within(1200)
    def test_e5_a_great_replay_behind_live_traffic(self, system, scaled, chance, shown):
        """The morning after an outage: everything is started again, and nobody who orders now may notice."""
        number, kills = scaled(100_000, least=1_500), scaled(30, least=2)
        rate = 100
        configure(system, timed(), triggers=("order.created", DEAD))
        system.start_receiver()
        system.start_worker(2)
        ids = dead_letters_of(system, number)
        file = system.folder / "live.acked"
        with Load(ports=[system.receiver_port], streams=live(8), acked_file=file, rate=rate) as load:
            until(lambda: len(load.acked) >= rate, within_s=60)
            begun = time.monotonic()
            process = system.start("replay", *system.command(*REPLAY, *FILTERS[0], "--note", "outage"))
            (first,) = until(lambda: replays(system), within_s=60)
            given_up = self.discard(system, ids[-number // 100 :])
            self.kill_again_and_again(system, process, kills, chance)
            self.cancel(system, first.id, number)
            rest = system.start("replay", *system.command(*REPLAY, *FILTERS[1]))
            assert 0 == rest.popen.wait(900)
            took_s = time.monotonic() - begun
        drained(system, within_s=60)

        again, first = replays(system)
        assert (State.DONE, State.CANCELLED) == (again.state, first.state)
        assert number == first.total == first.moved + first.elsewhere + first.left
        assert (len(given_up), first.left) == (first.elsewhere, again.total)
        assert again.total == again.moved
        done = Counter(deed.event_id for deed in deeds(system))
        assert dict.fromkeys([*ids, *load.acked], 1) == done | dict.fromkeys(given_up, 1)
        assert not given_up & set(done)
        usual, during = self.p95(system, load, begun)
        assert during <= usual + 1.0
        shown(
            "E5",
            criterion="100 000 dead letters, 100/s live: live p95 at most 1 s older, all accounted for; "
            "30 × kill -9 of the replay: 0 orphans, each replayed once",
            reached=f"{number} in {took_s:.0f} s, {kills} kills, 1 cancelled: {first.moved} + {again.moved} moved, "
            f"{first.elsewhere} discarded meanwhile, 0 orphans, each effect once; "
            f"live p95 {during * 1000:.0f} ms, without replay {usual * 1000:.0f} ms ({len(load.acked)} live)",
        )

    def discard(self, system: System, ids: Sequence[str]) -> set[str]:
        """Close dead letters that the replay has yet to come to."""
        with system.client() as client:
            found = list(Inbox(client).records([keys.event("open", one) for one in ids]))
            done = list(dead_letters.discard(client, found, keep_ms=10**9, why="test"))
        assert len(ids) == len(done)
        assert all(was for _, was in done)
        return set(ids)

    def kill_again_and_again(
        self, system: System, process: Process, kills: int, chance: random.Random
    ) -> None:
        """Kill the command at any moment of its work, and take the replay up again."""
        for _ in range(kills):
            (now,) = replays(system)
            until(lambda: replays(system)[0].moved > now.moved, within_s=60)  # noqa: B023
            threading.Event().wait(chance.uniform(0, 0.3))
            assert process.popen.poll() is None
            process.kill()
            process = system.start("replay", *system.command("replay", "--resume", now.id))

    def cancel(self, system: System, replay_id: str, number: int) -> None:
        """End the replay before it is done, from elsewhere."""
        until(lambda: replays(system)[0].moved > number // 2, within_s=900)
        with system.client() as client:
            assert Register(client).cancel(replay_id, now=now_ms(client))

    def p95(self, system: System, load: Load, begun: float) -> tuple[float, float]:
        """Return the age of live events at their effect before and during the replay, in seconds."""
        ages = ages_s(load, deeds(system)).items()
        before = [age for event_id, age in ages if load.acked[event_id] < begun]
        during = [age for event_id, age in ages if load.acked[event_id] >= begun]
        return worst(before, 0.95), worst(during, 0.95)


def live(streams: int) -> list[Iterator[Event]]:
    """Return streams of live events without an end, each event of an order of its own."""

    def stream(number: int) -> Iterator[Event]:
        for count in itertools.count():
            event_id = f"live-{number}-{count}"
            yield Event(id=event_id, subject=event_id)

    return [stream(number) for number in range(streams)]


class TestE6:
    @pytest.mark.within(600)
    def test_e6_replays_at_once_share_the_dead_letters(self, system, scaled, shown):
        """Two operators and a script press the button: no event runs twice, and each is told what the others took."""
        number = scaled(20_000, least=600)
        retry = {"max_attempts": 1}
        configure(system, timed(), {"type": "poisoned"}, triggers=(DEAD,), worker={"retry": retry})
        ids = dead_letters_of(system, number, poisoned=POISONED)

        # While no worker is there, none of them gets far: all are at it when the work begins.
        commands = [system.start("replay", *system.command(*REPLAY, *words)) for words in FILTERS]
        until(lambda: len(self.running(system)) == 2, within_s=60)
        script = self.script(system)
        until(lambda: len(self.running(system)) == 3, within_s=60)
        system.start_worker(2)
        script.join(300)
        assert [0, 0] == [command.popen.wait(300) for command in commands]
        until(lambda: not in_flight(system), within_s=60)
        first = replays(system)
        assert_shared(first, number)
        failed = dict.fromkeys(ids[::POISONED], 1)
        assert {"timed": dict.fromkeys(ids, 1), "raised": failed} == {
            name: found for name, found in self.done(system).items() if name != "poisoned"
        }

        (system.folder / "cured").touch()
        scripts = [self.script(system), self.script(system)]
        for one in scripts:
            one.join(300)
        drained(system, within_s=60)
        assert_shared(replays(system)[:2], len(failed))
        once = dict.fromkeys(ids, 1)
        assert {"timed": once, "raised": failed, "poisoned": once} == self.done(system)
        shares = ", ".join(f"{one.moved} moved + {one.elsewhere} by others" for one in first)
        shown(
            "E6",
            criterion="overlapping replays of 20 000: each event replayed once, each replay says what others took, "
            "0 effects of completed steps repeated",
            reached=f"{number} events, {len(failed)} of them dead anew meanwhile, each once: {shares}; "
            f"then those by 2 more: {len(failed)} first steps not repeated",
        )

    def running(self, system: System) -> list[Replay]:
        return [one for one in replays(system) if one.state is State.RUNNING]

    def done(self, system: System) -> dict[str, Counter[str]]:
        """Return how often each event had each effect, and how often it raised instead."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for deed in deeds(system):
            found[deed.name][deed.event_id] += 1
        return found

    def script(self, system: System) -> threading.Thread:
        """Replay all dead letters as a script does, in a thread."""

        def replay() -> None:
            with system.client() as client:
                replay, holder = Register(client).start(Terms(by="script", ahead=CEILING), now=now_ms(client))
                for _ in Replaying(client=client, replay=replay, holder=holder).run():
                    pass

        thread = threading.Thread(target=replay, daemon=True)
        thread.start()
        return thread


def assert_shared(found: Sequence[Replay], number: int) -> None:
    """Assert that each replay came to its end and says what it moved, and that together they moved all."""
    assert {State.DONE} == {one.state for one in found}
    assert number == sum(one.moved for one in found)
    assert all(one.total == one.moved + one.elsewhere for one in found)
