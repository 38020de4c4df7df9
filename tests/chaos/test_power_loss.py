"""
The power goes (I5) and the disk is full (I10), under a Redis whose disk is played by `power_loss/shim.c`.

A kill -9 shows neither: what a killed process has written, the kernel still writes out.
"""

import contextlib
from collections.abc import Collection

import pytest

from receiver import keys
from tests.chaos.power_loss.crowd import Crowd
from tests.chaos.power_loss.disk import Disk, compiled
from tests.support.waiting import until

NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "note"}]}
#: Acknowledged deliveries before each loss.
BETWEEN_LOSSES = 1000
#: How much longer an fsync takes after each loss in turn, in milliseconds: as on this machine's disk, or on a slow one.
SLOW_MS = (0, 0, 0, 20)
#: Bytes that are left on the disk when it begins to run full.
ROOM = 300_000


@pytest.fixture(name="shim", scope="session")
def _shim(tmp_path_factory):
    """The shim as a library."""
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(name="disk")
def _disk(system, shim):
    """The disk of a system whose Redis does not run yet."""
    system.redis.kill()
    return Disk(server=system.redis, library=shim)


@pytest.fixture(name="crowd")
def _crowd(system):
    return Crowd(port=system.receiver_port, source="open")


def lose_power(disk: Disk, crowd: Crowd, *, losses: int, acked: int) -> int:
    """Cut the power that often under load, each time after so many more acknowledged; return the bytes it took."""
    taken = 0
    with crowd.sending():
        for number in range(losses):
            crowd.wait_for(acked)
            taken += disk.lose_power()
            disk.start(slow_ms=SLOW_MS[number % len(SLOW_MS)])
    return taken


def begin_with_something_kept(system) -> None:
    """Deliver and sync once: a Redis that loses its identity, too, is another one, and gets nothing any more."""
    system.deliver("open", "evt-first", {"id": "order-first"})
    with system.client() as client:
        client.config_set("appendfsync", "always")
        client.set("synced", "")
        client.delete("synced")
        client.config_set("appendfsync", "everysec")


def refuse_for_a_while(crowd: Crowd) -> None:
    """Wait until the crowd is refused, and see that nothing else happens to it for a while."""
    crowd.wait_for_answers(503, 50)
    acked, broken = len(crowd.acked), crowd.answers[0]
    crowd.wait_for_answers(503, 200)
    assert acked == len(crowd.acked)
    assert broken == crowd.answers[0]


def has_effects(system, crowd: Crowd) -> None:
    """Wait until each acknowledged event has its effect."""
    until(
        lambda: set(crowd.acked) <= {deed[1] for deed in system.deeds()},
        within_s=120,
        what="each acknowledged event has its effect",
    )


def unknown(system, acked: Collection[str]) -> list[str]:
    """Return the acknowledged events that Redis does not know."""
    with system.client() as client, client.pipeline(transaction=False) as pipeline:
        for event_id in acked:
            pipeline.exists(keys.event("open", event_id))
        return [event_id for event_id, known in zip(acked, pipeline.execute(), strict=True) if not known]


@pytest.mark.within(900)
@pytest.mark.short
def test_i5_a_power_loss_takes_nothing_that_was_acknowledged(system, disk, crowd, scaled, shown):
    """`durability = "disk"` is the promise that a 2xx outlives the machine; nobody sends it again after it."""
    losses, between = scaled(20, least=3), scaled(BETWEEN_LOSSES, least=200)
    system.configure([NOTE], source={"durability": "disk"})
    disk.start()
    system.start_receiver()
    system.start_worker()

    taken = lose_power(disk, crowd, losses=losses, acked=between)

    assert len(crowd.acked) >= losses * between
    assert [] == unknown(system, crowd.acked)
    has_effects(system, crowd)
    shown(
        "I5 disk",
        criterion=f"{losses} losses of at least {between} acknowledged each: 0 lost",
        reached=f"{losses} losses, {len(crowd.acked)} acknowledged, 0 lost, all with their effect; "
        f"{taken} bytes were not synced",
    )


@pytest.mark.within(300)
@pytest.mark.short
def test_i5_the_control_a_power_loss_under_everysec_takes_acknowledged_events(
    system, disk, crowd, scaled, shown
):
    """Were nothing lost here either, the scenario above would prove nothing."""
    losses, between = scaled(5, least=2), scaled(BETWEEN_LOSSES, least=200)
    system.redis.appendfsync = "everysec"
    system.configure([NOTE], source={"durability": "disk"}, receiver={"allow_weak_durability": True})
    disk.start()
    system.start_receiver()
    begin_with_something_kept(system)

    taken = lose_power(disk, crowd, losses=losses, acked=between)
    lost = unknown(system, crowd.acked)

    assert taken > 0
    assert len(lost) > 0
    shown(
        "I5 everysec (control)",
        criterion="more than 0 lost",
        reached=f"{losses} losses, {len(crowd.acked)} acknowledged, {len(lost)} lost; {taken} bytes were not synced",
    )


def test_i5_the_control_without_fsync_during_a_rewrite_loses_acknowledged_events(system, disk, crowd, shown):
    """Why `no-appendfsync-on-rewrite yes` is refused: `appendfsync always` alone does not say that each is fsynced."""
    system.redis.options = ("--no-appendfsync-on-rewrite", "yes", "--rdb-key-save-delay", "20000")
    system.configure([NOTE], source={"durability": "memory"})
    disk.start()
    system.start_receiver()

    with crowd.sending():
        crowd.wait_for(100)
        with system.client() as client:
            client.bgsave()
        crowd.wait_for(200)
        taken = disk.lose_power()
    disk.start()
    lost = unknown(system, crowd.acked)

    assert taken > 0
    assert len(lost) > 0
    shown(
        "I5 no-appendfsync-on-rewrite (control)",
        criterion="more than 0 lost",
        reached=f"1 loss, {len(crowd.acked)} acknowledged, {len(lost)} lost; {taken} bytes were not synced",
    )


def test_i10_a_full_disk_is_never_acknowledged_on(system, disk, crowd, shown):
    """Under `always` Redis ends rather than answer what it cannot keep; the sender is told to come again."""
    system.configure([NOTE], source={"durability": "disk"})
    disk.start()
    system.start_receiver()
    system.start_worker()
    server = system.redis

    with crowd.sending():
        crowd.wait_for(200)
        disk.fill(room=ROOM)
        until(lambda: server.process.poll() is not None, within_s=60, what="Redis ends")
        refuse_for_a_while(crowd)
        # What supervises it starts it again; the disk is as full as before.
        with contextlib.suppress(RuntimeError):  # it may end before it has answered anybody
            disk.restart()
            until(lambda: server.process.poll() is not None, within_s=60, what="Redis ends again")
        refuse_for_a_while(crowd)
        while_full = len(crowd.acked)

        disk.make_room()
        disk.restart()
        crowd.wait_for(200)

    assert {202, 503} == crowd.answers.keys() - {200}
    assert [] == unknown(system, crowd.acked)
    has_effects(system, crowd)
    shown(
        "I10 always",
        criterion="503 while full, acknowledged ⊆ recovered",
        reached=f"{while_full} acknowledged before and {len(crowd.acked) - while_full} after, "
        f"{crowd.answers[503]} × 503, 0 lost",
    )


def test_i10_a_full_disk_under_everysec_is_refused_and_heals_by_itself(system, disk, crowd, shown):
    """Redis lives, and refuses; as soon as there is room it takes events again, and nobody restarts anything."""
    system.redis.appendfsync = "everysec"
    system.configure([NOTE])
    disk.start()
    system.start_receiver()
    system.start_worker()

    with crowd.sending():
        crowd.wait_for(200)
        disk.fill(room=ROOM)
        refuse_for_a_while(crowd)
        while_full = len(crowd.acked)
        disk.make_room()
        crowd.wait_for(200)

    # In order: under everysec a kill may take what waits for the end of an fsync, disk full or not.
    system.redis.stop()
    disk.start()
    assert {202, 503} == crowd.answers.keys() - {200}
    assert [] == unknown(system, crowd.acked)
    has_effects(system, crowd)
    shown(
        "I10 everysec",
        criterion="503 while full, acknowledged ⊆ recovered",
        reached=f"{while_full} acknowledged before and {len(crowd.acked) - while_full} after, "
        f"{crowd.answers[503]} × 503, 0 lost",
    )
