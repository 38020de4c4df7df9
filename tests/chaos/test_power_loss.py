"""
The power goes (I5) and the disk is full (I10), under a Redis whose disk is played by `power_loss/shim.c`.

A kill -9 shows neither: what a killed process has written, the kernel still writes out.
"""

from collections.abc import Collection

import pytest

from receiver import keys
from tests.chaos.power_loss.crowd import Crowd
from tests.chaos.power_loss.disk import Disk, compiled, compiler
from tests.support.waiting import until

NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "note"}]}
#: Acknowledged deliveries before each loss.
BETWEEN_LOSSES = 1000
#: How much longer an fsync takes, in milliseconds: as on this machine's disk, or on a slow one.
SLOW_MS = (0, 0, 0, 20)


@pytest.fixture(name="shim", scope="session")
def _shim(tmp_path_factory):
    """The shim as a library."""
    if not compiler():
        pytest.skip(
            "no C compiler: `cc` is needed to play a disk that loses power (Debian: apt install gcc libc6-dev)"
        )
    return compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture(name="disk")
def _disk(system, shim):
    """The disk of a system whose Redis does not run yet."""
    system.redis.kill()
    return Disk(server=system.redis, library=shim)


@pytest.fixture(name="crowd")
def _crowd(system):
    return Crowd(port=system.receiver_port, source="open")


def lose_power(disk: Disk, crowd: Crowd, *, losses: int, acked: int, slow_ms=lambda: 0) -> int:
    """Cut the power that often under load, each time after so many more acknowledged; return the bytes it took."""
    taken = 0
    with crowd.sending():
        for _ in range(losses):
            crowd.wait_for(acked)
            taken += disk.lose_power()
            disk.start(slow_ms=slow_ms())
    return taken


def unknown(system, acked: Collection[str]) -> list[str]:
    """Return the acknowledged events that Redis does not know."""
    with system.client() as client, client.pipeline(transaction=False) as pipeline:
        for event_id in acked:
            pipeline.exists(keys.event("open", event_id))
        return [event_id for event_id, known in zip(acked, pipeline.execute(), strict=True) if not known]


@pytest.mark.within(900)
def test_i5_a_power_loss_takes_nothing_that_was_acknowledged(system, disk, crowd, scaled, chance, shown):
    """`durability = "disk"` is the promise that a 2xx outlives the machine; nobody sends it again after it."""
    losses, between = scaled(20, least=3), scaled(BETWEEN_LOSSES, least=200)
    system.configure([NOTE], source={"durability": "disk"})
    disk.start()
    system.start_receiver()
    system.start_worker()

    taken = lose_power(disk, crowd, losses=losses, acked=between, slow_ms=lambda: chance.choice(SLOW_MS))

    assert len(crowd.acked) >= losses * between
    assert [] == unknown(system, crowd.acked)
    until(
        lambda: set(crowd.acked) <= {deed[1] for deed in system.deeds()},
        within_s=120,
        what="each acknowledged event has its effect",
    )
    shown(
        "I5 disk",
        criterion=f"{losses} losses of at least {between} acknowledged each: 0 lost",
        reached=f"{losses} losses, {len(crowd.acked)} acknowledged, 0 lost, all with their effect; "
        f"{taken} bytes were not synced",
    )


@pytest.mark.within(300)
def test_i5_the_control_a_power_loss_under_everysec_takes_acknowledged_events(
    system, disk, crowd, scaled, shown
):
    """Were nothing lost here either, the scenario above would prove nothing."""
    losses, between = scaled(5, least=2), scaled(BETWEEN_LOSSES, least=200)
    system.redis.appendfsync = "everysec"
    system.configure([NOTE], source={"durability": "memory"})
    disk.start()
    system.start_receiver()

    taken = lose_power(disk, crowd, losses=losses, acked=between)
    lost = unknown(system, crowd.acked)

    assert taken > 0
    assert len(lost) > 0
    shown(
        "I5 everysec (control)",
        criterion="more than 0 lost",
        reached=f"{losses} losses, {len(crowd.acked)} acknowledged, {len(lost)} lost; {taken} bytes were not synced",
    )
