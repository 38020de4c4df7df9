"""`orderhook providers` and `secrets`: what is connected, and the keys that seal it."""

import json

import pytest

from receiver.sealing import Sealing
from receiver.secrets import Secret
from tests.workers.providers.test_store import a_provider, add
from workers.providers.store import ProviderStore


@pytest.fixture(name="provider")
def _provider(client):
    return add(ProviderStore(client))


def test_connected_shops_are_listed_without_secrets(orderhook, provider):
    """In words for people and in JSON for programs."""
    printed = orderhook.run("providers", "list").out
    (line,) = orderhook.run("providers", "list", "--json").out.splitlines()

    assert provider.source in printed
    assert ("https://shop.example.com", True) == (
        json.loads(line)["storeUrl"],
        json.loads(line)["pushTracking"],
    )
    assert not [word for word in ("ck_key", "cs_secret", "whs_secret") if word in printed + line]


def test_one_is_shown_by_its_source_or_its_guid(orderhook, provider):
    """Whichever an operator has at hand."""
    shown = [
        json.loads(orderhook.run("providers", "show", name, "--json").out)
        for name in (provider.source, provider.guid)
    ]

    assert shown[0] == shown[1]
    assert (f"/webhooks/{provider.source}", 0) == (shown[0]["webhookPath"], shown[0]["products"])


def test_what_is_not_there_is_said(orderhook):
    """With what shows what is."""
    done = orderhook.run("providers", "show", "shopify-00000000")

    assert 0 != done.code
    assert "orderhook providers list" in done.err


def test_a_new_key_is_one(orderhook):
    """It is printed alone, so that a shell can take it."""
    key = orderhook.run("secrets", "new-key").out.strip()

    assert "x" == Sealing([Secret("new", key)]).opened(Sealing([Secret("new", key)]).sealed("x"))


def test_without_keys_nothing_is_sealed_anew(orderhook, client):
    """The message names the setting."""
    done = orderhook.run("secrets", "reseal")

    assert 0 != done.code
    assert "receiver.secrets_key is not set" in done.err


def test_a_provider_is_valid_by_default():
    """What the tests here build on."""
    assert "woocommerce-1a2b3c4d" == a_provider().source
