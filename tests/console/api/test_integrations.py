"""The provider part of the Integrations API over HTTP: documented bodies, answers and errors, and nothing that leaks."""

import pytest

from console.scopes import Scope
from console.tokens import Tokens
from receiver import keys
from tests.support import connected
from tests.support.connected import wish
from tests.support.push import Browser
from tests.support.waiting import until
from workers.providers.provider import PROVIDER_IDS, Kind

CONFIGURE = "/api/integrations/provider/configure"
NOBODY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(name="shops", scope="module")
def _shops():
    with connected.shops() as shops:
        yield shops


@pytest.fixture(name="raw")
def _raw(tmp_path, redis_url, shops):
    return connected.configured(tmp_path, redis_url, shops)


@pytest.fixture(name="admin")
def _admin(client, raw):
    with connected.console(raw) as admin:
        yield admin


@pytest.fixture(name="store_url")
def _store_url(shops) -> str:
    return f"{shops.url}/shops/woocommerce"


def connect(admin, store_url, kind=Kind.WOOCOMMERCE) -> str:
    answer = admin.post(CONFIGURE, wish(kind, store_url))
    assert 200 == answer.status, answer.body
    return answer.data["guid"]


class TestConfigure:
    def test_the_documented_body_is_answered_as_documented(self, admin, store_url):
        """guid, provider, status and connectedAt; what stands beside them is ours."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url))

        assert (200, True) == (answer.status, answer.json["success"])
        assert ("woocommerce", "active") == (answer.data["provider"], answer.data["status"])
        assert answer.data["connectedAt"].endswith("+00:00")
        source = f"woocommerce-{answer.data['guid'][:8]}"
        assert (source, f"https://hooks.example.com/webhooks/{source}") == (
            answer.data["source"],
            answer.data["webhookUrl"],
        )

    def test_a_shop_of_shopify_is_asked_in_its_own_way(self, admin, shops):
        """Its token goes in another header, to another path."""
        answer = admin.post(CONFIGURE, wish(Kind.SHOPIFY, f"{shops.url}/shops/shopify"))

        assert (200, "shopify") == (answer.status, answer.data["provider"])

    def test_credentials_that_the_shop_refuses_are_told_in_the_documented_words(
        self, admin, store_url, client
    ):
        """400 CONFIGURATION_ERROR "Invalid credentials"; nothing is kept of them."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url, apiSecret="cs_wrong"))

        assert (400, "CONFIGURATION_ERROR", "Invalid credentials") == (
            answer.status,
            answer.code,
            answer.message,
        )
        assert 0 == client.hlen(keys.providers())

    def test_a_shop_is_configured_once(self, admin, store_url):
        """409 CONFLICT "Integration already configured", however its address is spelled."""
        connect(admin, store_url)

        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url.replace("http", "HTTP") + "/"))

        assert (409, "CONFLICT", "Integration already configured") == (
            answer.status,
            answer.code,
            answer.message,
        )

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("ftp://shop.example.com", "credentials.storeUrl"),
            ("https://user:word@shop.example.com", "credentials.storeUrl"),
            ("https://shop.example.com/?x=1", "no query"),
            ("http://169.254.169.254/latest", "credentials.storeUrl"),
            ("http://127.1/", "credentials.storeUrl"),
            ("http://127.0.0.1:1/", "does not answer"),
        ],
        ids=["scheme", "user", "query", "metadata", "a number", "nobody"],
    )
    def test_an_address_that_cannot_be_a_shop_is_refused(self, admin, url, why):
        """The address is the caller's word: our own network is not his to look at."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, url))

        assert (400, "CONFIGURATION_ERROR") == (answer.status, answer.code)
        assert why in answer.message

    def test_what_answers_is_not_shown(self, admin, shops):
        """A caller must not read our network through our messages."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, f"{shops.url}/_sandbox/orders?"))

        assert 400 == answer.status
        assert "sandbox" not in answer.message

    @pytest.mark.parametrize(
        "changes",
        [{"providerType": "carrier"}, {"providerId": "woocommerce"}, {"credentials": {}}, {"extra": 1}],
        ids=["type", "no uuid", "no credentials", "unknown"],
    )
    def test_a_body_that_is_not_as_documented_says_where(self, admin, store_url, changes):
        """400, with the place."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url) | changes)

        assert (400, "VALIDATION_FAILED") == (answer.status, answer.code)

    @pytest.mark.parametrize(
        "word", ["cs\r\nX-Evil: 1", "cs ", "", "çs"], ids=["line end", "space", "empty", "no ASCII"]
    )
    def test_a_credential_cannot_break_out_of_its_header(self, admin, store_url, word):
        """It goes into a header of a request that we make."""
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url, apiSecret=word))

        assert (400, "VALIDATION_FAILED") == (answer.status, answer.code)

    def test_an_id_that_nobody_knows_is_read_by_the_host(self, admin, store_url):
        """The documentation shows ids and says nowhere what they name."""
        body = wish(Kind.WOOCOMMERCE, store_url) | {"providerId": NOBODY}

        assert "woocommerce" == admin.post(CONFIGURE, body).data["provider"]

    def test_who_may_only_operate_connects_nothing(self, admin, store_url, client):
        """Credentials of a shop are an administrator's matter."""
        operator = admin.having(Tokens(client).create("op", Scope.OPERATE, by="test", now=1)[0])

        assert 403 == operator.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url)).status


def test_without_keys_the_answer_says_which_setting(tmp_path, client, redis_url, shops, store_url):
    """And nothing is kept unsealed."""
    raw = connected.configured(tmp_path, redis_url, shops, receiver={"secrets_key": None})

    with connected.console(raw) as admin:
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url))

    assert (400, "CONFIGURATION_ERROR") == (answer.status, answer.code)
    assert "receiver.secrets_key is not set" in answer.message


def test_private_shops_are_refused_unless_the_operator_allows_them(
    tmp_path, client, redis_url, shops, store_url
):
    """The default of who has not thought of it is the safe one."""
    raw = connected.configured(tmp_path, redis_url, shops, integrations={"allow_private": False})

    with connected.console(raw) as admin:
        answer = admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url))

    assert (400, "CONFIGURATION_ERROR") == (answer.status, answer.code)


class TestDisableAndRemove:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_shop_is_disabled_as_documented(self, admin, store_url, client, method):
        """By the documented GET, and by its twin."""
        guid = connect(admin, store_url)

        answer = admin.call(method, f"/api/integrations/provider/disable/{guid}")

        assert (200, {"guid": guid, "status": "disabled"}) == (answer.status, answer.data)
        assert 0 == client.hlen(keys.provided())

    def test_it_can_be_configured_again_under_its_own_guid(self, admin, store_url):
        """Its webhook address in the shop stays good."""
        guid = connect(admin, store_url)
        admin.post(f"/api/integrations/provider/disable/{guid}")

        assert guid == connect(admin, store_url)

    def test_a_removed_shop_leaves_no_credentials(self, admin, store_url, client):
        """Success alone, as documented."""
        guid = connect(admin, store_url)

        answer = admin.call("DELETE", f"/api/integrations/providers/ecommerce/remove/{guid}")

        assert (200, {"success": True}) == (answer.status, answer.json)
        assert (0, 0, 0) == tuple(
            client.hlen(key) for key in (keys.providers(), keys.provider_credentials(), keys.provided())
        )

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", f"/api/integrations/provider/disable/{NOBODY}"),
            ("POST", f"/api/integrations/provider/disable/{NOBODY}"),
            ("DELETE", f"/api/integrations/providers/ecommerce/remove/{NOBODY}"),
            ("GET", f"/api/v1/integrations/{NOBODY}/products"),
        ],
    )
    def test_what_is_not_there_is_told_in_the_documented_words(self, admin, method, path):
        """404 NOT_FOUND "Integration not found"."""
        answer = admin.call(method, path)

        assert (404, "NOT_FOUND", "Integration not found") == (answer.status, answer.code, answer.message)


def test_no_answer_and_no_trail_shows_what_lets_anybody_in(admin, store_url, client):
    """Canaries over everything that Redis holds and the API shows."""
    guid = connect(admin, store_url)
    admin.post(CONFIGURE, wish(Kind.WOOCOMMERCE, store_url, apiSecret="cs_wrong"))
    admin.post(f"/api/integrations/provider/disable/{guid}")

    shown = [admin.get(path).body.decode() for path in ("/api/v1/integrations", "/api/v1/integrations/kinds")]
    kept = [str(everything(client, key)) for key in client.keys("orderhook:*")]

    assert not [
        word for word in ("ck_sandbox", "cs_sandbox", "cs_wrong") for text in [*shown, *kept] if word in text
    ]
    assert any("configureProvider" in text for text in kept), (
        "else the trail was not among what was looked at"
    )


def everything(client, key: str) -> object:
    read = {"hash": client.hgetall, "string": client.get, "stream": client.xrange, "set": client.smembers}
    kind = client.type(key)
    return (
        read[kind](key)
        if kind in read
        else client.zrange(key, 0, -1)
        if kind == "zset"
        else client.lrange(key, 0, -1)
    )


def test_the_kinds_of_shops_are_published(admin):
    """A client that has no documentation of ours can ask."""
    shown = {one["provider"]: one["providerId"] for one in admin.get("/api/v1/integrations/kinds").data}

    assert {str(kind): guid for kind, guid in PROVIDER_IDS.items()} == shown


def test_connected_shops_are_listed_with_their_settings(admin, store_url):
    """What an operator looks at first."""
    guid = connect(admin, store_url)

    (one,) = admin.get("/api/v1/integrations").data

    assert (guid, store_url, True) == (one["guid"], one["storeUrl"], one["pushTracking"])


class TestSubscriptions:
    def test_a_browsers_subscription_is_kept(self, admin, client):
        """Success alone, as documented."""
        answer = admin.post(
            "/api/integrations/save-vapid-subscription",
            {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "keys": Browser().keys},
        )

        assert (200, {"success": True}) == (answer.status, answer.json), answer.body
        assert 1 == client.hlen(keys.push_subscriptions())

    @pytest.mark.parametrize(
        "endpoint",
        ["https://127.0.0.1/x", "https://example.com/x", "x"],
        ids=["loopback", "unknown", "no URL"],
    )
    def test_an_endpoint_of_anybody_is_refused(self, admin, client, endpoint):
        """We would post there for whoever asks."""
        answer = admin.post(
            "/api/integrations/save-vapid-subscription", {"endpoint": endpoint, "keys": Browser().keys}
        )

        assert (400, "CONFIGURATION_ERROR") == (answer.status, answer.code)


def test_a_push_service_of_ones_own_is_taken_where_it_is_configured(tmp_path, client, redis_url, shops):
    """By the same settings as messages are sent, so that what is saved can be sent to."""
    push = {"private_key": "not read here", "subject": "mailto:it@example.com", "hosts": ["push.example.com"]}
    raw = connected.configured(tmp_path, redis_url, shops, push=push)
    body = {"endpoint": "https://push.example.com/x", "keys": Browser().keys}

    with connected.console(raw) as admin:
        answer = admin.post("/api/integrations/save-vapid-subscription", body)

    assert 200 == answer.status, answer.body


def test_managed_workflows_of_a_shop_are_listed_and_cannot_be_changed(admin, store_url):
    """They follow the provider's settings, and nothing else."""
    connect(admin, store_url)

    found = until(lambda: admin.get("/api/workflows/Order/configured?managed=true").data)

    named = {one["name"] for one in found}
    assert {"Tell shops: order.dispatched", "Tell shops: order.completed"} < named
    assert any(name.startswith("Import orders of woocommerce-") for name in named)
    assert 409 == admin.post(f"/api/workflows/configured/{found[0]['guid']}/toggle").status


def test_a_connected_shop_is_among_the_sources(admin, store_url):
    """An operator looks there for who may send."""
    guid = connect(admin, store_url)
    path = f"/api/v1/sources/woocommerce-{guid[:8]}"

    before = admin.get(path).data
    admin.post(f"/api/integrations/provider/disable/{guid}")
    after = admin.get(path).data

    assert ("woocommerce", True, True) == (before["scheme"], before["configured"], before["enabled"])
    assert (True, False) == (after["configured"], after["enabled"])
