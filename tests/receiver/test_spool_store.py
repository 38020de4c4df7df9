"""What is in a spool: everything that was kept, in its order, once, until it is taken out."""

import contextlib
import sqlite3

import pytest

from receiver.accept import Outcome, Recorded
from receiver.spool_file import SpoolBroken, SpoolFull
from receiver.spool_store import SHRINK_BYTES, Drained, SpoolStore, Standing, file_of, look
from tests.support.events import an_event

MAX_BYTES = 50_000_000
#: An event as the first version with a spool wrote it.
FIRST = (
    b"\x8d\xa6source\xa4shop\xa2id\xa5evt-1\xa4type\xadorder.created\xa7subject\xa7order-1\xa4lane\xa7order-1"
    b"\xa8occurred\xa0\xa6digest\xd9 67158374cacfef4c8dba6a2645752e3e\xa7verdict\xa6hmac:0\xa8guard_ms\x00"
    b"\xaaquarantine\xa0\xa5error\xa0\xa7spooled\xcf\x00\x00\x01\x8b\xcf\xe5h{"
    b'\xa4body\xc45{"event": "order.created", "data": {"id": "order-1"}}'
)


@pytest.fixture(name="store")
def _store(tmp_path):
    store = SpoolStore(tmp_path, "shop", max_bytes=MAX_BYTES)
    yield store
    store.close()


@pytest.fixture(name="other")
def _other(tmp_path):
    """The same spool, as another process has it open."""
    store = SpoolStore(tmp_path, "shop", max_bytes=MAX_BYTES)
    yield store
    store.close()


def keep(store: SpoolStore, *events, must: bool = True):
    return store.add([(event, must) for event in events])


def outcomes(answers) -> list[Outcome]:
    return [answer.outcome for answer in answers]


def waiting_ids(store: SpoolStore) -> list[str]:
    return [one.event.id for one in store.head(1000, MAX_BYTES)]


def remove_all(store: SpoolStore) -> bool:
    return store.remove([one.seq for one in store.head(1000, MAX_BYTES)])


class TestKeeping:
    def test_events_come_out_whole_and_in_their_order(self, store):
        """What is recorded later must be what was verified, to the byte."""
        events = [an_event(f"evt-{n}", subject=f"order-{n % 3}", spooled=1_000 + n) for n in range(20)]
        quarantined = an_event(
            "evt-bad", body=b"\xff\0", quarantine="payload_invalid", error="no", guard_ms=5
        )

        keep(store, *events[:10])
        keep(store, quarantined, *events[10:])

        assert [*events[:10], quarantined, *events[10:]] == [one.event for one in store.head(1000, MAX_BYTES)]

    def test_what_an_older_version_has_left_is_understood(self, store, tmp_path):
        """A receiver is updated while Redis is away: this is what the first one wrote, and it must always be read."""
        keep(store, an_event("evt-2"))
        with contextlib.closing(sqlite3.connect(file_of(tmp_path, "shop"))) as file, file:
            file.execute("INSERT INTO events (seq, id, digest, event) VALUES (0, 'evt-1', 'd', ?)", (FIRST,))

        first, second = store.head(10, MAX_BYTES)

        assert an_event("evt-1", subject="order-1", spooled=1_700_000_000_123) == first.event
        assert "evt-2" == second.event.id

    def test_each_answer_says_what_redis_would_have_said(self, store):
        """The sender must not notice."""
        answers = keep(store, an_event("evt-1"), an_event("evt-2", quarantine="payload_invalid"))

        assert [
            Recorded(Outcome.ACCEPTED, "evt-1", "spooled"),
            Recorded(Outcome.QUARANTINED, "evt-2", "spooled"),
        ] == answers

    def test_an_event_that_waits_already_is_a_duplicate(self, store):
        """In the same commit or in a later one; and the same id with another body is an alarm."""
        first = keep(store, an_event("evt-1"), an_event("evt-1"))
        second = keep(store, an_event("evt-1"), an_event("evt-1", body=b"{}"))

        assert [Outcome.ACCEPTED, Outcome.DUPLICATE] == outcomes(first)
        assert [Outcome.DUPLICATE, Outcome.ALTERED] == outcomes(second)
        assert ["evt-1"] == waiting_ids(store)

    def test_a_full_spool_refuses_what_does_not_fit_and_keeps_the_rest(self, tmp_path):
        """It is bounded to the byte that the disk sees, and an honest 503 goes out."""
        store = SpoolStore(tmp_path, "shop", max_bytes=100_000)
        answers = keep(
            store, *(an_event(f"evt-{n}", body=bytes(30_000)) for n in range(5)), an_event("small")
        )

        kept = [isinstance(answer, Recorded) for answer in answers]
        assert [True, True, False, False, False, True] == kept
        assert all(
            isinstance(answer, SpoolFull)
            for answer, is_kept in zip(answers, kept, strict=True)
            if not is_kept
        )
        assert store.standing().used_bytes <= 100_000
        assert ["evt-0", "evt-1", "small"] == waiting_ids(store)

        assert not store.standing().full
        remove_all(store)
        assert [Outcome.ACCEPTED] == outcomes(keep(store, an_event("later", body=bytes(60_000))))
        store.close()

    def test_trouble_is_nobodys_acknowledgement(self, store, tmp_path):
        """Not one of the batch counts as kept."""
        file_of(tmp_path, "shop").mkdir()

        with pytest.raises(SpoolBroken):
            keep(store, an_event())


class TestOrder:
    def test_an_event_stays_behind_what_waits(self, store, other):
        """Whichever process put it there: straight to Redis it would overtake."""
        assert not store.waiting
        keep(other, an_event("evt-1"))

        assert store.waiting
        assert [Outcome.ACCEPTED] == outcomes(keep(store, an_event("evt-2"), must=False))
        assert ["evt-1", "evt-2"] == waiting_ids(other)

    def test_an_event_that_would_follow_nothing_is_sent_back(self, store, other):
        """Between the look and the turn the last one was drained: Redis is there, and the spool stays empty."""
        keep(other, an_event("evt-1"))
        remove_all(other)

        assert [Drained()] == keep(store, an_event("evt-2"), must=False)
        assert not store.waiting

    def test_in_one_batch_the_first_that_must_be_kept_keeps_those_behind_it(self, store):
        """They may be about the same order."""
        answers = store.add([(an_event("a"), False), (an_event("b"), True), (an_event("c"), False)])

        assert isinstance(answers[0], Drained)
        assert ["b", "c"] == waiting_ids(store)

    def test_nobody_adds_between_begin_and_remove(self, store, other):
        """So the last ones can be recorded without another that comes in meanwhile."""
        keep(store, an_event("evt-1"))
        store.begin()
        (last,) = store.head(10, MAX_BYTES)
        assert store.remove([last.seq])

        assert [Drained()] == keep(other, an_event("evt-2"), must=False)

    def test_the_mark_lasts_until_nothing_is_left(self, store):
        """While it stands, everybody of this machine goes behind."""
        keep(store, an_event("evt-1"), an_event("evt-2"))
        first, second = store.head(10, MAX_BYTES)

        assert not store.remove([first.seq])
        assert store.waiting
        assert store.remove([second.seq])
        assert not store.waiting

    def test_a_number_is_never_given_twice(self, store, other):
        """A drain that was frozen removes what it had read, and not what came since."""
        keep(store, an_event("evt-1"))
        (read,) = store.head(10, MAX_BYTES)
        remove_all(other)
        keep(other, an_event("evt-2"))

        store.remove([read.seq])

        assert ["evt-2"] == waiting_ids(store)

    def test_a_mark_that_was_lost_is_set_again_at_the_start(self, store, other, tmp_path):
        """A power loss may take the one and leave the other."""
        keep(store, an_event("evt-1"))
        (tmp_path / "shop.waiting").unlink()

        other.prepare()

        assert store.waiting


class TestTaking:
    def test_a_batch_is_bounded_by_number_and_bytes_but_never_empty(self, store):
        """One command to Redis must stall nobody, and an event larger than the bound must get through as well."""
        keep(store, an_event("big", body=bytes(5_000)), *(an_event(f"evt-{n}") for n in range(10)))

        assert ["big"] == [one.event.id for one in store.head(10, 100)]
        assert 4 == len(store.head(4, MAX_BYTES))
        assert 2 == len(store.head(10, 5_500))

    def test_what_was_taken_out_twice_is_gone_once(self, store):
        """Two drains may have had the same."""
        keep(store, an_event("evt-1"), an_event("evt-2"))
        first, _ = store.head(10, MAX_BYTES)
        store.remove([first.seq])
        store.remove([first.seq])

        assert ["evt-2"] == waiting_ids(store)

    def test_an_empty_spool_gives_its_room_back(self, store, tmp_path):
        """An outage a year ago must not hold a quarter of a gigabyte, nor the bodies that were in it."""
        body = b"customer" * 1000
        keep(store, *(an_event(f"evt-{n}", body=body) for n in range(SHRINK_BYTES // len(body) + 1)))
        store.shrink()
        assert file_of(tmp_path, "shop").stat().st_size > SHRINK_BYTES
        remove_all(store)

        store.shrink()

        assert file_of(tmp_path, "shop").stat().st_size < 100_000
        assert b"customer" not in file_of(tmp_path, "shop").read_bytes()
        keep(store, an_event("later"))
        assert ["later"] == waiting_ids(store)


class TestLooking:
    def test_a_look_says_how_many_wait_and_since_when(self, store, tmp_path):
        """The first question at three in the morning."""
        keep(store, an_event("evt-1", spooled=1_000), an_event("evt-2", spooled=2_000))

        found = look(tmp_path, "shop", max_bytes=MAX_BYTES)

        assert found == store.standing()
        assert (2, 1_000) == (found.waiting, found.since)

    def test_a_spool_that_was_never_used_is_empty(self, tmp_path):
        """And looking does not make it."""
        assert Standing(max_bytes=7) == look(tmp_path, "shop", max_bytes=7)
        assert [] == list(tmp_path.iterdir())

    def test_what_cannot_be_read_is_said(self, tmp_path):
        """Nothing waits, or nobody knows: these are not the same."""
        file_of(tmp_path, "shop").write_bytes(b"not a database" * 100)

        with pytest.raises(SpoolBroken):
            look(tmp_path, "shop", max_bytes=MAX_BYTES)
