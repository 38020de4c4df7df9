"""The trail of changes: bounded, and honest about what it does not know."""

from console import trail
from console.trail import Outcome, Trail
from receiver import keys

NOW = 1_790_000_000_000


def test_a_change_that_never_ended_says_begun(client):
    """The process died in between: nobody knows whether it was made."""
    Trail(client).begin(at=NOW, by="ola", what="revokeToken")

    (found,) = Trail(client).newest(offset=0, limit=1)
    assert (Outcome.BEGUN, "ola", "revokeToken") == (found.outcome, found.by, found.what)


def test_the_newest_comes_first_and_pages_follow_each_other(client):
    """One looks for what happened a moment ago."""
    for n in range(5):
        Trail(client).begin(at=NOW + n, by="ola", what=f"w{n}")

    assert ["w2", "w1"] == [one.what for one in Trail(client).newest(offset=2, limit=2)]


def test_only_so_many_entries_are_kept(client):
    """A loop that changes something each second must not fill Redis."""
    client.zadd(keys.changes(), {f"old-{n}": NOW - 1 for n in range(trail.KEEP)})
    client.hset(keys.change("old-0"), "at", NOW - 1)

    Trail(client).begin(at=NOW, by="ola", what="x")

    assert trail.KEEP == Trail(client).count()
    assert not client.exists(keys.change("old-0"))


def test_a_long_reason_is_cut(client):
    """A reason is a sentence; a caller must not store a document there."""
    entry = Trail(client).begin(at=NOW, by="ola", what="x", why="y" * 5_000)
    Trail(client).end(entry, Outcome.DONE, status=200, facts={"name": "z" * 5_000})

    (found,) = Trail(client).newest(offset=0, limit=1)
    assert (500, 500) == (len(found.why), len(found.facts["name"]))
