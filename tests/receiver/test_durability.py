"""What a server must give before anything is recorded in it, and what an operator may allow it to lack."""

import pytest

from receiver import durability, store
from receiver.durability import ServerFacts
from receiver.store import WeakDurability

GOOD = ServerFacts(
    version="7.2.4",
    appendonly=True,
    appendfsync="always",
    no_appendfsync_on_rewrite="no",
    maxmemory=0,
    maxmemory_policy="noeviction",
    replicas=1,
)
EVERYTHING = {"memory", "disk", "replica"}


def weak(**facts) -> ServerFacts:
    fields = {name: getattr(GOOD, name) for name in ServerFacts.__slots__}
    return ServerFacts(**fields | facts)


def test_a_good_server_has_no_problem():
    """Whatever the sources ask for."""
    assert () == durability.weaknesses(GOOD, EVERYTHING)


@pytest.mark.parametrize(
    ("facts", "wanted", "says"),
    [
        (weak(maxmemory_policy="allkeys-lru"), {"memory"}, "noeviction"),
        (weak(maxmemory_policy="unknown"), {"memory"}, "noeviction"),
        (weak(appendonly=False), {"disk"}, "appendonly is no"),
        (weak(appendfsync="everysec"), {"disk"}, "appendfsync is everysec"),
        (weak(appendfsync="unknown"), {"disk"}, "appendfsync is unknown"),
        (weak(no_appendfsync_on_rewrite="yes"), {"disk"}, "no-appendfsync-on-rewrite is yes"),
        (weak(replicas=0), {"replica"}, "no replica is connected"),
    ],
)
def test_what_is_missing_is_named(facts, wanted, says):
    """The operator reads what is wrong and what to set."""
    (problem,) = durability.weaknesses(facts, wanted)

    assert says in problem


@pytest.mark.parametrize(
    "facts",
    [weak(appendonly=False), weak(appendfsync="everysec"), weak(replicas=0)],
    ids=repr,
)
def test_what_no_source_asks_for_is_no_problem(facts):
    """`memory` promises what Redis itself is set to, and no more."""
    assert () == durability.weaknesses(facts, {"memory"})


def test_a_server_that_lacks_nothing_is_taken():
    """Whether or not weakness is allowed: there is none."""
    assert () == durability.judge(GOOD, EVERYTHING, allow_weak=False)


def test_every_problem_is_told_at_once():
    """Nobody should have to start five times."""
    facts = weak(version="5.0.0", maxmemory_policy="volatile-ttl", appendonly=False, replicas=0)

    with pytest.raises(WeakDurability) as refused:
        durability.judge(facts, EVERYTHING, allow_weak=False)

    said = str(refused.value)
    assert [] == [
        word for word in ("5.0.0", "volatile-ttl", "appendonly is no", "no replica") if word not in said
    ]


def test_a_refusal_names_the_way_out():
    """Who only tries something out should not have to set up a disk for it."""
    with pytest.raises(WeakDurability, match="allow_weak_durability = true"):
        durability.judge(weak(appendfsync="everysec"), {"disk"}, allow_weak=False)


@pytest.mark.parametrize(
    "facts",
    [
        weak(maxmemory_policy="allkeys-lru"),
        weak(appendonly=False),
        weak(appendfsync="everysec"),
        weak(no_appendfsync_on_rewrite="yes"),
        weak(replicas=0),
    ],
    ids=repr,
)
def test_a_weakness_that_is_allowed_is_told_and_not_refused(facts):
    """It is the operator's word; whoever looks later must still find it."""
    assert 1 == len(durability.judge(facts, EVERYTHING, allow_weak=True))


def test_a_server_that_cannot_run_the_scripts_is_refused_whatever_is_allowed():
    """Nothing could be recorded in it, weakly or not; and no setting is promised to help."""
    with pytest.raises(WeakDurability, match="script flags") as refused:
        durability.judge(weak(version="6.2.14"), {"memory"}, allow_weak=True)

    assert "allow_weak_durability" not in str(refused.value)


def test_the_facts_of_a_real_server_are_read(redis_url):
    """INFO and CONFIG say what the check needs."""
    with store.client(redis_url, timeout_s=5) as client:
        facts = durability.read_facts(client)

    assert (True, "always", "no", "noeviction", 0) == (
        facts.appendonly,
        facts.appendfsync,
        facts.no_appendfsync_on_rewrite,
        facts.maxmemory_policy,
        facts.replicas,
    )
    assert () == durability.weaknesses(facts, {"memory", "disk"})


def test_a_service_that_hides_its_settings_is_weak_and_not_down(client, redis_url):
    """Managed services answer CONFIG with an error; what cannot be seen cannot be promised."""
    client.acl_setuser(
        "managed", enabled=True, nopass=True, categories=["+@all"], commands=["-config"], keys=["*"]
    )
    url = redis_url.replace("redis://", "redis://managed:any@")

    with store.client(url, timeout_s=5) as restricted:
        facts = durability.read_facts(restricted)
    client.acl_deluser("managed")

    assert "unknown" == facts.appendfsync
    assert () == durability.weaknesses(facts, {"memory"})
    assert "appendfsync is unknown" in durability.weaknesses(facts, {"disk"})[0]
