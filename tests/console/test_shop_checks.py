"""What the doctor says of connected shops: a key that was lost is found before a shop waits for it."""

import pytest

from receiver.sealing import new_key
from tests.workers.providers.test_store import CREDENTIALS_KEY, SECRETS_KEY, add
from workers.providers.store import ProviderStore

SECRETS, CREDENTIALS = SECRETS_KEY.reveal(), CREDENTIALS_KEY.reveal()


def said(orderhook, *, secrets=SECRETS, credentials=CREDENTIALS):
    """Return the row about shops; None where there is none."""
    orderhook.configure(
        receiver={"secrets_key": secrets} if secrets else {},
        console={"credentials_key": credentials} if credentials else {},
    )
    return next((row for row in orderhook.run("doctor", "--json").rows if row["check"] == "shops"), None)


def test_without_shops_nothing_is_said(client, orderhook):
    """Most installations have none."""
    assert said(orderhook) is None


def test_keys_that_open_everything_pass(client, orderhook):
    """One line, since all is well."""
    add(ProviderStore(client))

    assert "ok" == said(orderhook)["verdict"]


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"secrets": new_key()}, "the webhook secret of woocommerce-1a2b3c4d"),
        ({"credentials": new_key()}, "the credentials of woocommerce-1a2b3c4d"),
    ],
    ids=["receiver's", "workers'"],
)
def test_a_key_that_opens_nothing_fails(client, orderhook, changes, lost):
    """And says what of which shop."""
    add(ProviderStore(client))

    found = said(orderhook, **changes)

    assert "fail" == found["verdict"]
    assert lost in found["found"]


def test_a_shell_without_the_keys_cannot_tell(client, orderhook):
    """No alarm where nothing may be wrong."""
    add(ProviderStore(client))

    found = said(orderhook, secrets="")

    assert "warn" == found["verdict"]
    assert "receiver.secrets_key is not set" in found["found"]


def test_a_disabled_shop_is_not_looked_at(client, orderhook):
    """Its secrets are not used."""
    provider = add(ProviderStore(client))
    ProviderStore(client).disable(provider.guid)

    assert said(orderhook, credentials=new_key()) is None
