"""The vendor's Integrations calls, over real HTTP: bodies, answers and codes are documented."""

import pytest

from sandbox.dispatch.integrations import PROVIDERS

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/integrations/provider/configure"
BODY = {
    "providerId": next(iter(PROVIDERS)),
    "providerType": "ecommerce",
    "credentials": {"apiKey": "ck_1", "apiSecret": "cs_1", "storeUrl": "https://shop.example.com"},
    "settings": {"autoImportOrders": True, "syncProducts": False, "pushTracking": True},
}


async def test_a_provider_is_configured_once(dispatch):
    """Then it is a conflict."""
    made = await dispatch.data("POST", PATH, BODY)

    assert {"guid", "provider", "status", "connectedAt"} == made.keys()
    assert ("WooCommerce", "active") == (made["provider"], made["status"])
    assert (409, "CONFLICT") == await dispatch.refusal("POST", PATH, BODY)
    assert "cs_1" not in str(await dispatch.effects())


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"providerId": NOBODY}, (404, "NOT_FOUND")),
        ({"credentials": BODY["credentials"] | {"apiKey": "invalid"}}, (400, "CONFIGURATION_ERROR")),
        ({"credentials": {"apiKey": "ck_1"}}, (400, "VALIDATION_ERROR")),
        ({"providerType": "carrier"}, (400, "VALIDATION_ERROR")),
    ],
)
async def test_a_provider_that_cannot_be_is_refused(dispatch, change, refusal):
    """The first two codes are documented; that the key `invalid` is refused is ours."""
    assert refusal == await dispatch.refusal("POST", PATH, BODY | change)


async def test_a_provider_is_disabled_configured_anew_and_removed(dispatch):
    """Disabling is a GET; mind the plural in the path of the last one."""
    guid = (await dispatch.data("POST", PATH, BODY))["guid"]

    disabled = await dispatch.get(f"/api/integrations/provider/disable/{guid}")
    again = await dispatch.data("POST", PATH, BODY)
    removed = await dispatch.answer("DELETE", f"/api/integrations/providers/ecommerce/remove/{guid}")

    assert {"guid": guid, "status": "disabled"} == disabled
    assert (guid, "active") == (again["guid"], again["status"])
    assert {"success": True} == removed
    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"/api/integrations/provider/disable/{guid}")


async def test_a_push_subscription_is_saved(dispatch):
    """Nothing is ever pushed to it."""
    body = {"endpoint": "https://push.example.com/1", "keys": {"p256dh": "B...", "auth": "a..."}}

    assert {"success": True} == await dispatch.answer(
        "POST", "/api/integrations/save-vapid-subscription", body
    )
    refused = await dispatch.refusal("POST", "/api/integrations/save-vapid-subscription", {"endpoint": "x"})
    assert (400, "VALIDATION_ERROR") == refused
