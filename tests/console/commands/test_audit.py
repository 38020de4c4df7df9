"""`orderhook audit`: did we lose anything?"""

from receiver import keys
from tests.support.events import accepted, an_event


def test_both_sides_are_printed_where_they_agree(client, orderhook):
    """Numbers, not a reassurance: anybody can add them up."""
    accepted(client, an_event("evt-1"), an_event("evt-2", type="order.paid"))
    accepted(client, an_event("evt-3", quarantine="payload_invalid", error="not JSON"))
    orderhook.work()
    accepted(client, an_event("evt-4"))

    said = orderhook.run("audit")

    equation = "4 accepted = 1 succeeded + 1 ignored + 1 dead + 0 discarded + 1 in flight"
    assert (0, f"shop: {equation}  holds\n") == (said.code, said.out)


def test_an_event_that_is_in_no_lane_is_named(client, orderhook):
    """The id is what an operator can act on; a number is only bad news."""
    accepted(client, an_event())
    client.delete(keys.lane("shop", "order-1"))

    said = orderhook.run("audit", "--tries", "1")

    assert 1 == said.code
    assert "does not hold" in said.out
    assert ["    pending, but in no lane", f"        {keys.event('shop', 'evt-1')}"] == said.out.splitlines()[
        1:3
    ]
    assert "the loss equation does not hold for shop" in said.err


def test_a_lost_record_shows_as_two_sides_that_differ(client, orderhook):
    """This is what losing an event looks like."""
    accepted(client, an_event("evt-1"))
    client.delete(keys.event("shop", "evt-1"))

    said = orderhook.run("audit", "--tries", "1", "--json")

    (row,) = said.rows
    assert (1, False, 1, 0) == (said.code, row["holds"], row["accepted"], row["accounted"])


def test_nothing_accepted_is_nothing_lost(orderhook):
    """A fresh installation passes."""
    said = orderhook.run("audit")

    assert (0, "") == (said.code, said.out)


class TestSpool:
    def test_what_waits_there_is_named_beside_the_equation(self, client, orderhook, spooled):
        """It is acknowledged and not yet accepted: on neither side, and not forgotten."""
        accepted(client, an_event("evt-1"))

        said = orderhook.run("audit")
        rows = {row["source"]: row for row in orderhook.run("audit", "--json").rows}

        assert 0 == said.code
        assert "shop: 1 accepted = " in said.out
        assert "open: 0 accepted = " in said.out
        assert f"    2 more wait in the spool {spooled} since 2023-11-1" in said.out
        assert (2, 0, True) == (rows["open"]["spooled"], rows["open"]["accepted"], rows["open"]["holds"])
        assert 0 == rows["shop"]["spooled"]

    def test_it_is_named_while_redis_is_down_too(self, orderhook, spooled):
        """Just then it is asked for."""
        orderhook.configure(redis_url="redis://127.0.0.1:1/0")

        said = orderhook.run("audit")

        assert 0 != said.code
        assert "open: 2 more wait in the spool" in said.err

    def test_a_spool_that_cannot_be_read_fails(self, orderhook, spooled):
        """Nobody can say that nothing is lost."""
        spooled.write_bytes(b"not a database" * 1000)

        said = orderhook.run("audit")
        (row,) = orderhook.run("audit", "--json").rows

        assert 1 == said.code
        assert "the spool cannot be read" in said.out
        assert row["spooled"] is None
