"""The store of Web Push subscriptions: what a browser may give, and what becomes of it."""

import pytest

from receiver import keys, store
from tests.support.push import Browser
from workers.push import subscriptions
from workers.push.subscriptions import Allowed, Subscription, TooMany

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"


def given(**changes: str) -> dict:
    """Return what a browser gives, valid by default."""
    return {"endpoint": ENDPOINT, **Browser().keys} | changes


def test_a_subscription_is_kept_and_read_back(client):
    """What is read is what the browser said, to the byte."""
    one = Subscription.checked(**given(name="kari"))

    subscriptions.save(client, one)

    assert (one,) == subscriptions.listed(client)
    assert "updates.push.services.mozilla.com" == one.shown


@pytest.mark.anyio
async def test_workers_read_what_the_console_wrote(client, redis_url):
    """Two clients, one that answers in text and one in bytes, see the same."""
    one = Subscription.checked(**given())
    subscriptions.save(client, one)
    redis = store.async_client(redis_url, timeout_s=5)

    found = await subscriptions.read(redis)
    await subscriptions.forget(redis, one.id)
    await redis.aclose()

    assert (one,) == found
    assert () == subscriptions.listed(client)


def test_a_browser_that_subscribes_twice_is_there_once(client):
    """A page subscribes at each visit; nobody wants each message five times."""
    browser = Browser()
    for name in ("old", "new"):
        subscriptions.save(client, Subscription.checked(**given(**browser.keys, name=name)))

    (found,) = subscriptions.listed(client)
    assert "new" == found.name
    assert subscriptions.remove(client, found.id)
    assert not subscriptions.remove(client, found.id)


def test_padding_does_not_matter():
    """Some libraries pad base64url, browsers do not."""
    browser = Browser()
    padded = {name: f"{text}{'=' * (-len(text) % 4)}" for name, text in browser.keys.items()}

    assert Subscription.checked(**given(**browser.keys)) == Subscription.checked(**given(**padded))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"endpoint": "http://updates.push.services.mozilla.com/x"}, "http only", id="plain"),
        pytest.param({"endpoint": "https://169.254.169.254/x"}, "refused", id="metadata"),
        pytest.param({"endpoint": "https://10.0.0.1/x"}, "refused", id="private"),
        pytest.param({"endpoint": "https://evil.example.com/x"}, "no push service", id="another host"),
        pytest.param({"endpoint": "https://evilpush.apple.com.example/x"}, "no push service", id="suffix"),
        pytest.param({"endpoint": "https://notpush.apple.com/x"}, "no push service", id="no dot before it"),
        pytest.param({"endpoint": "file:///etc/passwd"}, "expected", id="scheme"),
        pytest.param({"p256dh": "AAAA"}, "keys.p256dh", id="short key"),
        pytest.param({"p256dh": "B" + "A" * 86}, "keys.p256dh", id="no point of the curve"),
        pytest.param({"auth": "!" * 22}, "keys.auth", id="no base64url"),
        pytest.param({"auth": ""}, "keys.auth", id="no auth"),
        pytest.param({"name": "a\nb"}, "name", id="control character in the name"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(changes, said):
    """The endpoint is written by a stranger, and our workers connect to it."""
    with pytest.raises(ValueError, match=said):
        Subscription.checked(**given(**changes))


def test_a_push_service_of_ones_own_must_be_allowed():
    """For tests, and for who runs one."""
    own = Allowed(hosts=("127.0.0.1",), allow_private=True)

    Subscription.checked(**given(endpoint="http://127.0.0.1:9000/x"), allowed=own)


def test_there_is_a_bound(client):
    """A caller in a loop must not fill Redis."""
    client.hset(keys.push_subscriptions(), mapping={str(n): "{}" for n in range(subscriptions.MOST)})

    with pytest.raises(TooMany):
        subscriptions.save(client, Subscription.checked(**given()))
