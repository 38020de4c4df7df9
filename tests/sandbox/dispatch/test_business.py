"""The calls about the business and its tokens, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio


async def test_the_business_is_shown_as_documented(dispatch):
    """All seven fields."""
    mine = await dispatch.get("/api/business/my-business")

    assert {"guid", "name", "email", "phone", "address", "settings"} == mine.keys()
    assert {"timezone", "currency"} == mine["settings"].keys()


async def test_the_business_changes_in_part(dispatch):
    """Documented: the guid stands in the body, and nothing but success in the answer."""
    mine = await dispatch.get("/api/business/my-business")
    change = {"guid": mine["guid"], "phone": "+4799900199", "settings": {"currency": "SEK"}}

    answer = await dispatch.answer("PUT", "/api/business", change)

    shown = await dispatch.get("/api/business/my-business")
    assert {"success": True} == answer
    assert (mine["name"], "+4799900199", "SEK", "Europe/Oslo") == (
        shown["name"], shown["phone"], shown["settings"]["currency"], shown["settings"]["timezone"],
    )  # fmt: skip
    assert (404, "NOT_FOUND") == await dispatch.refusal("PUT", "/api/business", change | {"guid": NOBODY})


async def test_the_soft_check_is_a_bare_truth(dispatch):
    """Documented: the one answer without an envelope."""

    async def check(address):
        return (await dispatch.call("GET", "/api/business/soft-check", params={"emailAddress": address})).text

    before = await check("new@example.com")
    made = await dispatch.data(
        "POST", "/api/business", {"name": "Ny AS", "email": "New@example.com"}, status=201
    )
    after = await check("new@example.com")

    assert ("false", "true") == (before, after)
    assert {"guid", "name"} == made.keys()


async def test_the_default_configuration_names_a_carrier(dispatch):
    """A uuid or null: documented."""
    assert (
        await dispatch.carrier()
        == (await dispatch.get("/api/business/default-configuration"))["defaultCarrier"]
    )


async def test_a_token_that_was_made_is_good_and_shows_its_last_use(dispatch):
    """Documented: it is shown once, and the list has its creation and its last use."""
    made = await dispatch.get("/api/business/generate-api-token", description="erp")
    (unused,) = await dispatch.get("/api/business/tokens")

    await dispatch.answer("GET", "/api/v1/Orders", token=made["token"])

    (used,) = await dispatch.get("/api/business/tokens")
    assert {"guid", "description", "createdAt", "lastUsedAt"} == used.keys()
    assert (None, "erp") == (unused["lastUsedAt"], unused["description"])
    assert used["lastUsedAt"]
