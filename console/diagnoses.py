"""
What `orderhook doctor` thinks of what it found. Pure: facts in, a check with its verdict and what to do out.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from receiver import durability
from receiver.durability import ServerFacts
from receiver.lifecycle import Status
from receiver.record import NEWEST
from receiver.spool_file import FORGETFUL

from .moments import span
from .spools import Seen

#: Seconds that this machine's clock may differ from Redis': beyond the first, timestamps of senders are judged
#: wrongly near the edge of their tolerance; beyond the second, most are.
SKEW_WARN_S = 5.0
SKEW_FAIL_S = 60.0
#: A lane that is due for longer than this, in milliseconds, has no hands.
OVERDUE_MS = 30_000
#: A lane that waits for a newer orderhook is looked at each second: one that still waits was seen this lately, in ms.
LEFT_LATELY_MS = 10_000


class Verdict(StrEnum):
    """
    How a check came out.
    """

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    One thing that was looked at; *advice* says what to do where it is not ok.
    """

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def ok(name: str, found: str) -> Check:
    """
    Return a check that came out well.
    """
    return Check(name=name, verdict=Verdict.OK, found=found)


def warn(name: str, found: str, advice: str) -> Check:
    """
    Return a check that somebody should look at.
    """
    return Check(name=name, verdict=Verdict.WARN, found=found, advice=advice)


def fail(name: str, found: str, advice: str) -> Check:
    """
    Return a check that somebody must act on.
    """
    return Check(name=name, verdict=Verdict.FAIL, found=found, advice=advice)


def server(facts: ServerFacts, *, wanted: AbstractSet[str], allow_weak: bool) -> Iterator[Check]:
    """
    Judge a Redis server by what it promises.

    Args:
        wanted: The durabilities that sources ask for.
        allow_weak: Whether the receiver serves all the same where the server is weak.
    """
    unfit, weak = durability.hindrances(facts), durability.weaknesses(facts, wanted)
    for problem in unfit:
        yield fail("Redis server", problem, _REFUSED)
    for problem in weak:
        if allow_weak:
            yield warn("Redis server", problem, _ALLOWED)
        else:
            yield fail("Redis server", problem, _REFUSED)
    if not unfit and not weak:
        yield ok("Redis server", f"version {facts.version}, maxmemory-policy {facts.maxmemory_policy}")
    yield _durability(facts)


_REFUSED = "the receiver does not start before that is changed"
_ALLOWED = "the receiver serves all the same, since allow_weak_durability is set: change one or the other"


def _durability(facts: ServerFacts) -> Check:
    if not facts.short_of_disk:
        return ok("durability", "appendfsync always: what is acknowledged survives a power loss")
    if not facts.appendonly:
        advice = "set appendonly yes and appendfsync always"
        return warn("durability", "appendonly no: a restart of Redis takes what was acknowledged", advice)
    if facts.appendfsync == "always":
        found = "no-appendfsync-on-rewrite: a power loss takes what was acknowledged while a rewrite was under way"
        return warn("durability", found, "set no-appendfsync-on-rewrite no")
    found = f"appendfsync {facts.appendfsync}: a power loss takes what was acknowledged in the last second"
    return warn("durability", found, "appendfsync always keeps it; group commit makes that cheap")


def clock(skew_s: float) -> Check:
    """
    Judge how far this machine's clock is from Redis', positive where ours is ahead.
    """
    direction = "ahead of" if skew_s > 0 else "behind"
    found = f"this machine is {span(abs(skew_s) * 1000)} {direction} Redis"
    advice = "synchronise both by NTP: senders' timestamps are judged by this machine's clock"
    if abs(skew_s) < SKEW_WARN_S:
        return ok("clocks", found)
    return fail("clocks", found, advice) if abs(skew_s) >= SKEW_FAIL_S else warn("clocks", found, advice)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFacts:
    """
    How the lanes stand: how many are ready now or later, how many are held, and how long the oldest is overdue.
    """

    ready: int
    held: int
    overdue_ms: int


def lanes(facts: LaneFacts) -> Iterator[Check]:
    """
    Judge whether waiting events have hands.
    """
    if facts.overdue_ms > OVERDUE_MS:
        found = f"{facts.ready} lanes ready, one for {span(facts.overdue_ms)}"
        yield fail("lanes", found, "start a worker: orderhook worker; if one runs, look at its log")
    else:
        yield ok("lanes", f"{facts.ready} ready")
    if facts.held:
        advice = "replay or discard their dead letters: orderhook dead-letters list"
        yield warn("held lanes", f"{facts.held} lanes wait behind a dead letter", advice)


def unreadable(lanes: Mapping[str, int]) -> Iterator[Check]:
    """
    Judge lanes that wait for a newer orderhook, each with the version of the record at its head.
    """
    if lanes:
        newest = max(lanes.values())
        found = f"{len(lanes)} lanes wait at a record of version {newest}; this orderhook reads {NEWEST}"
        yield warn("records", found, "update the workers; docs/operations.md, Upgrade, and back")


def hands(names: list[str], *, waiting: int) -> Check:
    """
    Judge whether workers are alive.
    """
    if names:
        return ok("workers", f"{len(names)} alive: {', '.join(sorted(names))}")
    if waiting:
        return fail("workers", f"none is alive, and {waiting} lanes wait", "start one: orderhook worker")
    return warn("workers", "none is alive", "events will wait; start one: orderhook worker")


def spool(found: Seen, *, file_system: str, now_ms: int) -> Check:
    """
    Judge the spool of a source, as far as it is on this machine.
    """
    name = f"spool {found.source}"
    if found.standing is None:
        return fail(
            name, found.trouble, "while Redis cannot be written, deliveries get 503: look at the disk"
        )
    if found.standing.full:
        advice = (
            "mend Redis; deliveries get 503 meanwhile, or raise spool_max_bytes and restart the receivers"
        )
        return fail(name, f"{found.path} is full: {found.waiting} events wait", advice)
    if found.waiting:
        waited = f"{found.waiting} events wait in {found.path}, the first for {span(now_ms - found.since)}"
        return warn(name, waited, "a receiver on this machine records them as soon as Redis takes them")
    if file_system in FORGETFUL:
        advice = "put it on a disk: what waits there is acknowledged, and a restart of the machine takes it"
        return warn(name, f"{found.path} is on {file_system}", advice)
    return ok(name, f"{found.path}: nothing waits")


def counters(counts: Mapping[str, int]) -> Iterator[Check]:
    """
    Judge the counters: dead letters want a person, repairs must not happen.
    """
    dead = _sum(counts, Status.DEAD)
    if dead:
        advice = "orderhook dead-letters list; orderhook replay --all --dry-run"
        yield warn("dead letters", f"{dead} wait for an operator", advice)
    else:
        yield ok("dead letters", "none")
    repaired = _sum(counts, "repaired")
    if repaired:
        found = f"the sweeper repaired {repaired} indexes; it must be 0"
        yield warn(
            "sweeper", found, "something else writes to this Redis, or there is a bug: please report it"
        )


def ready(name: str, base: str, said: object) -> Check:
    """
    Judge what a receiver that is ready says of itself.
    """
    data = said.get("data") if isinstance(said, dict) else None
    if isinstance(data, dict) and data.get("durability") == "weak":
        reasons = "; ".join(map(str, data.get("reasons", ())))
        return warn(name, f"{base} is ready, but its Redis is weak: {reasons}", _ALLOWED)
    return ok(name, f"{base} is ready")


def _sum(counts: Mapping[str, int], what: str) -> int:
    return sum(number for name, number in counts.items() if name.rpartition(":")[2] == what)
