"""Sources of connected shops: learnt while the receiver runs, and never a 4xx for our own fault."""

import json
import uuid

import pytest

from receiver import keys, store
from receiver.provided import MAX_SOURCES, Provided, UnreadableRecord, read_record, record
from receiver.sealing import Sealing, new_key
from receiver.secrets import Secret
from tests.support.receiving import Delivery, a_delivery, started
from tests.support.schemes import scheme
from tests.support.waiting import until

KEY = new_key()
SEALING = Sealing([Secret("literal", KEY)])
OTHER = Sealing([Secret("literal", new_key())])
NAME = "woocommerce-1a2b3c4d"
TERMS = {"mapping": {"subject": "id", "occurred_at": "date_modified_gmt"}}
BODY = b'{"id":727,"status":"processing"}'


def a_record(*, secret="cs_1", sealing=SEALING, **changes) -> str:
    return record(**{"scheme": "woocommerce", "terms": TERMS, "secret": secret, "sealing": sealing} | changes)


def write(client, name=NAME, text=None) -> None:
    """Write a source as the console does: the record, and another word."""
    with client.pipeline() as pipeline:
        pipeline.hset(keys.provided(), name, text or a_record())
        pipeline.set(keys.provided_version(), uuid.uuid4().hex)
        pipeline.execute()


def forget(client, name=NAME) -> None:
    with client.pipeline() as pipeline:
        pipeline.hdel(keys.provided(), name)
        pipeline.set(keys.provided_version(), uuid.uuid4().hex)
        pipeline.execute()


def a_notice(secret="cs_1") -> Delivery:
    """Return a delivery as WooCommerce signs it."""
    settings = scheme(type="woocommerce", secrets=[secret])
    return a_delivery(body=BODY, settings=settings)


class TestRecords:
    def test_a_record_is_read_as_it_was_written(self):
        """Console and receiver are two processes, of two releases at times."""
        source = read_record(a_record().encode(), SEALING)

        assert ("woocommerce", "id") == (source.scheme.type, source.mapping.subject)
        assert "cs_1" == source.scheme.secrets[0].secret.reveal()

    def test_its_secret_stands_in_no_text(self):
        """It is in Redis, in dumps and in backups."""
        assert "cs_1" not in a_record()
        assert "cs_1" not in repr(read_record(a_record().encode(), SEALING))

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            (b"", "no record"),
            (b"[]", "no record"),
            (b"{}", "no record"),
            (a_record(sealing=OTHER).encode(), "cannot be opened"),
            (a_record(scheme="unsigned").encode(), "terms cannot be used"),
            (a_record(terms={"ack_status": 404}).encode(), "terms cannot be used"),
            (
                json.dumps({"scheme": "shopify", "secret": SEALING.sealed("x"), "terms": 3}).encode(),
                "no record",
            ),
        ],
        ids=["empty", "a list", "nothing in it", "another key", "unsigned", "a strange term", "no terms"],
    )
    def test_what_is_no_source_is_refused(self, text, why):
        """One bad record must not take the others down, and nothing may fail open."""
        with pytest.raises(UnreadableRecord, match=why):
            read_record(text, SEALING)

    def test_a_record_promises_no_more_than_redis_alone_can_say(self):
        """Durability and spools are checked at the start; who writes to Redis could else switch a check off."""
        source = read_record(a_record(terms={"durability": "disk", "trust": "hint"}).encode(), SEALING)

        assert ("memory", "payload") == (source.durability, source.trust)


@pytest.mark.anyio
class TestLooking:
    async def test_what_is_there_at_the_start_is_served_from_the_first_delivery_on(self, client, redis_url):
        """A restart must not answer 404 to a shop that is connected."""
        write(client)
        served = []
        provided = looking(redis_url, served)

        await provided.start()
        await provided.close()

        assert [NAME] == list(served[0])

    async def test_it_hands_on_nothing_where_nothing_has_changed(self, client, redis_url):
        """One word a second is all that an unchanging list costs."""
        write(client)
        served = []
        provided = looking(redis_url, served)
        await provided.look()

        await provided.look()

        await provided.close()
        assert 1 == len(served)

    async def test_a_name_of_the_configuration_cannot_be_taken_over(self, client, redis_url):
        """Who can write to Redis could else forge the deliveries of a source with a secret of his own."""
        write(client)
        write(client, "shopify-00000001")
        served = []
        provided = looking(redis_url, served, taken={NAME})

        await provided.look()

        await provided.close()
        assert ["shopify-00000001"] == list(served[0])
        assert not provided.may_be(NAME)

    async def test_what_cannot_be_opened_is_our_fault(self, client, redis_url):
        """A key that was lost must not make a shop give up."""
        write(client, text=a_record(sealing=OTHER))
        served = []
        provided = looking(redis_url, served)

        await provided.look()

        await provided.close()
        assert {} == served[0]
        assert provided.may_be(NAME)
        assert not provided.may_be("shopify-00000001")

    async def test_without_a_key_there_are_none(self, client, redis_url):
        """The log says what is missing; the sources of the file are served all the same."""
        write(client)
        served = []
        provided = looking(redis_url, served, sealing=None)

        await provided.look()

        await provided.close()
        assert {} == served[0]

    async def test_before_redis_has_answered_nobody_is_unknown(self):
        """A 404 would be a lie while the list has not been seen."""
        provided = looking("redis://127.0.0.1:1/0", [])

        await provided.start()

        assert provided.may_be(NAME)
        assert not provided.may_be("shop")
        await provided.close()

    async def test_it_is_bounded(self, client, redis_url):
        """A list that grows without end would cost the receiver its memory."""
        client.hset(keys.provided(), mapping={f"shopify-{n:08x}": a_record() for n in range(MAX_SOURCES + 1)})
        client.set(keys.provided_version(), uuid.uuid4().hex)
        served = []
        provided = looking(redis_url, served)

        await provided.look()

        await provided.close()
        assert MAX_SOURCES == len(served[0])


def looking(url, served, *, sealing=SEALING, taken=frozenset()) -> Provided:
    return Provided(store.async_client(url, timeout_s=1), sealing=sealing, taken=taken, serve=served.append)


def test_a_shop_comes_and_goes_while_the_receiver_runs(tmp_path, client, redis_server):
    """From 404 to 202 and back without a restart, within some seconds, and others do not notice."""
    with started(tmp_path, redis_server.url, receiver={"secrets_key": KEY}) as receiver:
        assert (404, "SOURCE_NOT_FOUND") == receiver.post(a_notice(), NAME).outcome

        write(client)
        until(lambda: (202, "accepted") == receiver.post(a_notice(), NAME).outcome, within_s=4)
        assert (200, "duplicate") == receiver.post(a_notice(), NAME).outcome
        assert (401, "SIGNATURE_INVALID") == receiver.post(a_notice("cs_2"), NAME).outcome

        forget(client)
        until(lambda: (404, "SOURCE_NOT_FOUND") == receiver.post(a_notice(), NAME).outcome, within_s=4)
        assert [] == receiver.tracebacks()
