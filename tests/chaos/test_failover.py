"""
The primary changes under load (I4): behind sentinels, behind one address, and with the replica out of step.

Compared are what senders saw acknowledged, what stands on the last primary, and the deeds of the workers' actions.
"""

import functools
import itertools
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import tomlkit

from console.embedded import RedisServer
from receiver import keys
from tests.chaos.power_loss.crowd import Crowd
from tests.support.proxy import Proxy
from tests.support.replication import AT_ONCE, Sentinels, follow, freeze, promote, thaw
from tests.support.system import System, children
from tests.support.waiting import until

NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "note"}]}
#: Deliveries a second: eight senders that rest.
SENDERS, REST_S = 8, 0.04
#: Longest time from a flip to the next 2xx, in seconds.
RECOVERY_S = 5.0
FROZEN_S = 3.0
#: Seconds of undisturbed load between two flips.
CALM_S = 0.5
#: How long a sentinel waits for an answer before it takes the primary for down: part of each recovery from a crash.
#: With 1000 they begin anew right after a failover, since they connect to a server no more than once a second.
DOWN_AFTER_MS = 1500
#: Seconds until sentinels vote again where nobody has won: twice their failover-timeout. Ours to wait, not to mend.
NEXT_VOTE_S = 4.0


@dataclass(slots=True, kw_only=True)
class Pair:
    """Two servers, of which one is the primary; they change places."""

    primary: RedisServer
    replica: RedisServer
    #: By kind of flip, how long no delivery was acknowledged, in seconds.
    outages: dict[str, list[float]] = field(default_factory=dict)

    def see(self, port: int) -> None:
        """Take the server at that port for the primary."""
        if self.primary.port != port:
            self.primary, self.replica = self.replica, self.primary

    def is_whole(self) -> bool:
        """Return whether one is the primary and the other follows it."""
        with self.primary.client() as one, self.replica.client() as two:
            found = [client.info("replication") for client in (one, two)]
        links = [info.get("master_link_status") for info in found]
        return links.count("up") == 1 and links.count(None) == 1


@pytest.fixture(name="pair")
def _pair(system, tmp_path):
    """The system's Redis, and a replica of it."""
    with system.client() as client:
        client.config_set("repl-diskless-sync-delay", 0)
    system.redis.options = AT_ONCE
    replica = RedisServer(folder=tmp_path / "replica", options=AT_ONCE).start()
    follow(replica, system.redis.port)
    yield Pair(primary=system.redis, replica=replica)
    for server in (system.redis, replica):
        server.stop()


def configure(system: System, url: str, durability: str) -> None:
    """Configure the source `open` with that durability, and Redis at that URL."""
    system.configure([NOTE], source={"durability": durability})
    path = system.folder / "orderhook.toml"
    path.write_text(tomlkit.dumps(tomlkit.parse(path.read_text()) | {"redis_url": url}))


def flip(pair: Pair, crowd: Crowd, kind: str, change: Callable[[], None]) -> None:
    """Change the primary under load; note how long nothing was acknowledged, and wait for a whole pair."""
    begun = time.monotonic()
    change()
    pair.see(pair.replica.port)
    until(lambda: crowd.moments and crowd.moments[-1] > time.monotonic() - 0.2, within_s=30, what="a 2xx")
    until(pair.is_whole, within_s=30, what="the old primary follows")
    crowd.wait_for(20)
    ended = time.monotonic()
    moments = [begun, *(moment for moment in list(crowd.moments) if begun <= moment <= ended), ended]
    longest = max(later - earlier for earlier, later in itertools.pairwise(sorted(moments)))
    pair.outages.setdefault(kind, []).append(longest)
    threading.Event().wait(CALM_S)


def check(system: System, pair: Pair, crowd: Crowd) -> int:
    """
    Every acknowledged event is on the last primary and had its effect, under one key; the books are right.

    Return how many effects were repeated under their key, since the ledger was behind.
    """
    acked = set(crowd.acked)
    assert set(crowd.answers) <= {200, 202, 503}
    with pair.primary.client() as client:
        assert [] == [name for name in acked if not client.exists(keys.event("open", name))]
    until(
        lambda: acked <= {deed[1] for deed in system.deeds()},
        within_s=60,
        what="each acknowledged event has its effect",
    )
    audit = subprocess.run(system.command("audit"), env=system.environment, capture_output=True, check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    deeds = [(deed[1], deed[3]) for deed in system.deeds()]
    assert len(set(deeds)) == len({name for name, _ in deeds})
    return len(deeds) - len(set(deeds))


def reached(pair: Pair, crowd: Crowd, repeated: int) -> str:
    times = "; ".join(
        f"{kind} {len(found)} x, longest {max(found):.1f} s" for kind, found in pair.outages.items()
    )
    return (
        f"{len(crowd.acked)} acknowledged, 0 lost, {repeated} effects repeated under their key, "
        f"503 x {crowd.answers[503]}; without a 2xx: {times}"
    )


@pytest.mark.within(600)
@pytest.mark.short
def test_i4_flips_behind_one_address_lose_nothing(system, pair, scaled, chance, shown):
    """A managed service: the name leads to another server, and open connections stay with the old one."""
    flips = scaled(20, least=2)
    crowd = Crowd(port=system.receiver_port, source="open", senders=SENDERS, rest_s=REST_S)
    with Proxy(pair.primary.port) as address:
        configure(system, address.redis_url, "replica")
        system.start_receiver()
        worker = system.start_worker(2)
        parents = children(worker.popen.pid)
        kinds = {
            "promoted, then demoted": functools.partial(_promote_first, pair, address),
            "demoted, then promoted": functools.partial(_demote_first, pair, address),
            "crashed": functools.partial(_crash, pair, address),
            "crashed, replica frozen before": functools.partial(_crash_while_frozen, pair, address),
        }
        with crowd.sending():
            for kind in _shuffled(kinds, flips, chance):
                crowd.wait_for(20)
                if kind == "crashed, replica frozen before":
                    freeze(pair.replica)
                    threading.Event().wait(FROZEN_S)
                flip(pair, crowd, kind, kinds[kind])
        repeated = check(system, pair, crowd)
        assert parents == children(worker.popen.pid)

    assert max(max(found) for found in pair.outages.values()) <= RECOVERY_S
    shown(
        "I4 one address",
        criterion=f"{flips} flips, durability replica: 0 lost, 2xx again in {RECOVERY_S:.0f} s, no worker ends",
        reached=reached(pair, crowd, repeated),
    )


def _shuffled(kinds: dict[str, Callable[[], None]], flips: int, chance) -> list[str]:
    """Return so many flips, each kind about as often as the others."""
    drawn = list(kinds) * -(-flips // len(kinds))
    chance.shuffle(drawn)
    return drawn[:flips]


def _promote_first(pair: Pair, address: Proxy) -> None:
    """For a moment there are two primaries, and the old one still takes writes."""
    promote(pair.replica)
    address.target = pair.replica.port
    threading.Event().wait(0.2)
    follow(pair.primary, pair.replica.port)


def _demote_first(pair: Pair, address: Proxy) -> None:
    """For a moment there is no primary: everybody answers READONLY."""
    with pair.primary.client() as client:
        client.replicaof("127.0.0.1", pair.replica.port)
    threading.Event().wait(0.2)
    promote(pair.replica)
    address.target = pair.replica.port


def _crash(pair: Pair, address: Proxy) -> None:
    pair.primary.kill()
    promote(pair.replica)
    address.target = pair.replica.port
    pair.primary.start()
    follow(pair.primary, pair.replica.port)


def _crash_while_frozen(pair: Pair, address: Proxy) -> None:
    """The replica knows nothing of the last seconds when it is promoted."""
    pair.primary.kill()
    thaw(pair.replica)
    promote(pair.replica)
    address.target = pair.replica.port
    pair.primary.start()
    follow(pair.primary, pair.replica.port)


@pytest.mark.within(900)
def test_i4_flips_by_sentinels_lose_nothing(system, pair, scaled, chance, shown):
    """Three sentinels decide; nobody tells the receiver or the workers but the sentinels they ask."""
    flips = scaled(20)
    crowd = Crowd(port=system.receiver_port, source="open", senders=SENDERS, rest_s=REST_S)
    sentinels = Sentinels(
        folder=system.folder / "sentinels", primary_port=pair.primary.port, down_after_ms=DOWN_AFTER_MS
    )
    try:
        sentinels.start()
        configure(system, sentinels.url, "replica")
        system.start_receiver()
        worker = system.start_worker(2)
        parents = children(worker.popen.pid)
        kinds = {
            "planned": functools.partial(_planned, pair, sentinels),
            "crashed": functools.partial(_crashed, pair, sentinels),
            "frozen primary": functools.partial(_frozen, pair, sentinels),
            "crashed, replica frozen before": functools.partial(_crashed, pair, sentinels),
        }
        with crowd.sending():
            for kind in _shuffled(kinds, flips, chance):
                until(sentinels.could_fail_over, within_s=40, what="the sentinels could fail over")
                pair.see(sentinels.now_primary())
                crowd.wait_for(20)
                if kind == "crashed, replica frozen before":
                    freeze(pair.replica)
                    threading.Event().wait(FROZEN_S)
                    thaw(pair.replica)
                    until(sentinels.could_fail_over, within_s=40, what="the sentinels see the replica")
                flip(pair, crowd, kind, kinds[kind])
        pair.see(sentinels.now_primary())
        repeated = check(system, pair, crowd)
        assert parents == children(worker.popen.pid)
    finally:
        sentinels.stop()

    outages = [outage for found in pair.outages.values() for outage in found]
    assert statistics.median(outages) <= RECOVERY_S
    assert max(outages) <= RECOVERY_S + NEXT_VOTE_S
    shown(
        "I4 sentinels",
        criterion=f"{flips} flips, durability replica: 0 lost, 2xx again in {RECOVERY_S:.0f} s (of which sentinels "
        f"wait {DOWN_AFTER_MS} ms, and {NEXT_VOTE_S:.0f} s more where nobody wins their vote), no worker ends",
        reached=reached(pair, crowd, repeated),
    )


def _switched(pair: Pair, sentinels: Sentinels) -> None:
    until(lambda: sentinels.now_primary() == pair.replica.port, within_s=30, what="the replica is promoted")


def _planned(pair: Pair, sentinels: Sentinels) -> None:
    sentinels.fail_over()
    _switched(pair, sentinels)
    follow(pair.primary, pair.replica.port)


def _crashed(pair: Pair, sentinels: Sentinels) -> None:
    pair.primary.kill()
    _switched(pair, sentinels)
    pair.primary.start()
    follow(pair.primary, pair.replica.port)


def _frozen(pair: Pair, sentinels: Sentinels) -> None:
    """It wakes up and takes itself for the primary, until somebody tells it."""
    freeze(pair.primary)
    _switched(pair, sentinels)
    thaw(pair.primary)
    threading.Event().wait(0.3)
    follow(pair.primary, pair.replica.port)


@pytest.mark.parametrize("durability", ["memory", "replica"])
def test_i4_a_replica_that_was_cut_off_and_is_promoted(system, pair, scaled, shown, durability):
    """The control: without a replica's word the same failover loses, so the scenarios above prove something."""
    crowd = Crowd(port=system.receiver_port, source="open", senders=SENDERS)
    wanted = scaled(2000, least=200)
    with Proxy(pair.primary.port) as link, Proxy(pair.primary.port) as address:
        follow(pair.replica, link.port)
        configure(system, address.redis_url, durability)
        system.start_receiver()
        with crowd.sending():
            crowd.wait_for(50)
            link.set(black_hole=True)
            if durability == "memory":
                crowd.wait_for(wanted)
            else:
                crowd.wait_for_answers(503, 2 * SENDERS)
        pair.primary.kill()
        promote(pair.replica)
        with pair.replica.client() as client:
            lost = [name for name in crowd.acked if not client.exists(keys.event("open", name))]

    assert bool(lost) == (durability == "memory")
    shown(
        f"I4 cut off, {durability}" + (" (control)" if durability == "memory" else ""),
        criterion="more than 0 lost" if durability == "memory" else "0 lost",
        reached=f"{len(crowd.acked)} acknowledged, {len(lost)} lost, 503 x {crowd.answers[503]}",
    )
