"""Providers in Redis: nothing readable that lets anybody in, and always changed as a whole."""

import json
import threading

import pytest

from receiver import keys
from receiver.provided import MAX_SOURCES, read_record
from receiver.sealing import SealError, Sealing, new_key
from receiver.secrets import Secret
from workers.providers.provider import Credentials, Kind, Provider, ProviderStatus, Wishes
from workers.providers.store import AlreadyConfigured, Connection, NoProvider, ProviderStore, TooMany

SECRETS_KEY, CREDENTIALS_KEY = (Secret("literal", new_key()) for _ in range(2))
SECRETS, CREDENTIALS = Sealing([SECRETS_KEY]), Sealing([CREDENTIALS_KEY])
GUID = "1a2b3c4d-0000-4000-8000-000000000001"


def a_provider(**changes) -> Provider:
    fields = {
        "guid": GUID,
        "provider_id": "9d7a3c7e-0000-4000-8000-000000000000",
        "kind": Kind.WOOCOMMERCE,
        "store_url": "https://shop.example.com",
        "connected_at": "2026-11-21T19:00:00.000Z",
        "wishes": Wishes(push_tracking=True),
    }
    return Provider(**fields | changes)


def a_connection(**changes) -> Connection:
    return Connection(
        provider=a_provider(**changes),
        credentials=Credentials.of("ck_key", "cs_secret"),
        webhook_secret="whs_secret",
    )


def add(store, **changes) -> Provider:
    return store.add(a_connection(**changes), secrets=SECRETS, credentials=CREDENTIALS)


@pytest.fixture(name="store")
def _store(client) -> ProviderStore:
    return ProviderStore(client)


def test_a_provider_comes_back_as_it_was_kept(store):
    """Console and workers are two processes."""
    assert add(store) == a_provider() == store.get(GUID)
    assert "woocommerce-1a2b3c4d" == store.get(GUID).source


def test_nothing_that_lets_anybody_in_can_be_read_in_redis(store, client):
    """A dump of Redis is not a list of passwords."""
    add(store)

    everything = "".join(
        map(str, (client.hgetall(key) for key in client.keys("orderhook:prov*") if "version" not in key))
    )

    assert "shop.example.com" in everything
    assert not [word for word in ("ck_key", "cs_secret", "whs_secret") if word in everything]


def test_receivers_open_the_webhook_secret_and_nothing_else(store, client):
    """The internet-facing process must not be able to call a shop's API."""
    provider = add(store)

    found = read_record(client.hget(keys.provided(), provider.source).encode(), SECRETS)

    assert "whs_secret" == found.scheme.secrets[0].secret.reveal()
    sealed = client.hget(keys.provider_credentials(), GUID)
    assert "ck_key" == Credentials.read(CREDENTIALS.opened(sealed)).api_key.reveal()
    with pytest.raises(ValueError, match="none of the keys"):
        SECRETS.opened(sealed)


def test_each_change_is_told_to_receivers(store, client):
    """They look at one word, which never comes back: not even in a Redis that was emptied."""
    words = set()
    for change in (add, lambda store: store.disable(GUID), lambda store: store.remove(GUID)):
        change(store)
        words.add(client.get(keys.provided_version()))

    assert 3 == len(words)


def test_a_disabled_one_is_no_source_and_keeps_its_credentials(store, client):
    """To connect it again needs no new source address."""
    add(store)

    found = store.disable(GUID)

    assert ProviderStatus.DISABLED is found.status
    assert {} == client.hgetall(keys.provided())
    assert 1 == client.hlen(keys.provider_credentials())


def test_a_removed_one_leaves_nothing(store, client):
    """Credentials that nobody uses any more are a risk and no use."""
    add(store)
    client.hset(keys.shop_products(GUID), "1", json.dumps({"id": "1"}))

    store.remove(GUID)

    assert {keys.provided_version(), keys.identity()} == set(client.keys("orderhook:*"))


def test_a_shop_is_configured_once(store):
    """Two sources for one shop would import each order twice."""
    add(store)

    with pytest.raises(AlreadyConfigured):
        add(store, guid="2a2b3c4d-0000-4000-8000-000000000002")

    assert [GUID] == [one.guid for one in store.all()]


def test_two_systems_at_one_address_are_two_shops(store):
    """As in the sandbox."""
    add(store)

    assert add(store, guid="2a2b3c4d-0000-4000-8000-000000000002", kind=Kind.SHOPIFY)


def test_a_disabled_shop_is_configured_again_under_its_own_guid(store):
    """Its webhook address, and the orders made of its own, stay what they were."""
    add(store)
    store.disable(GUID)

    again = add(store, guid="2a2b3c4d-0000-4000-8000-000000000002", connected_at="2026-11-22T00:00:00.000Z")

    assert (GUID, ProviderStatus.ACTIVE) == (again.guid, again.status)


def test_guids_of_one_beginning_get_sources_of_their_own(store):
    """The source is named by a part of the guid."""
    add(store)

    other = add(store, guid=GUID[:-1] + "2", store_url="https://other.example.com")

    assert other.guid != GUID[:-1] + "2"
    assert 2 == len({one.source for one in store.all()})


def test_what_is_not_there_cannot_be_changed(store):
    """404 to who asks for it."""
    for change in (store.get, store.disable, store.remove):
        with pytest.raises(NoProvider):
            change(GUID)


def test_there_is_a_bound(store, client):
    """More than receivers take would be sources that nobody serves."""
    one = json.dumps(a_provider(store_url="https://x.example.com").as_json())
    for number in range(MAX_SOURCES):
        changed = json.loads(one) | {
            "guid": f"{number:08x}-0000-4000-8000-000000000000",
            "storeUrl": f"https://{number}.example.com",
        }
        client.hset(keys.providers(), changed["guid"], json.dumps(changed))

    with pytest.raises(TooMany):
        add(store)


def test_many_at_once_do_not_lose_each_other(store, redis_server):
    """Two operators, two console processes."""

    def connect(number: int) -> None:
        with redis_server.client() as client:
            add(
                ProviderStore(client),
                guid=f"{number:08x}-0000-4000-8000-000000000000",
                store_url=f"https://{number}.example.com",
            )

    threads = [threading.Thread(target=connect, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 5 == len(store.all())


def test_one_that_cannot_be_read_does_not_hide_the_others(store, client):
    """A newer orderhook may have written it."""
    add(store)
    client.hset(keys.providers(), "x", "{}")

    assert [GUID] == [one.guid for one in store.all()]


def test_a_key_is_replaced_without_configuring_a_shop_again(store, client):
    """Sealed anew, everything opens with the new keys alone, and the credentials are what they were."""
    provider = add(store)
    fresh = [Secret("literal", new_key()) for _ in range(2)]
    both = [Sealing([key, old]) for key, old in zip(fresh, (SECRETS_KEY, CREDENTIALS_KEY), strict=True)]

    assert 1 == store.reseal(secrets=both[0], credentials=both[1])

    sealed = client.hget(keys.provider_credentials(), GUID)
    assert "cs_secret" == Credentials.read(Sealing([fresh[1]]).opened(sealed)).api_secret.reveal()
    found = read_record(client.hget(keys.provided(), provider.source).encode(), Sealing([fresh[0]]))
    assert "whs_secret" == found.scheme.secrets[0].secret.reveal()


def test_what_does_not_open_is_not_sealed_anew(store, client):
    """With the wrong keys everything would be lost."""
    add(store)
    before = client.hgetall(keys.provider_credentials())
    other = Sealing([Secret("literal", new_key())])

    with pytest.raises(SealError):
        store.reseal(secrets=SECRETS, credentials=other)

    assert before == client.hgetall(keys.provider_credentials())
