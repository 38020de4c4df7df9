"""Which workflows a provider brings along."""

import pytest

from tests.workers.providers.test_store import a_provider
from workers.actions import Registry
from workers.providers.managed import definitions
from workers.providers.provider import ProviderStatus, Wishes
from workers.workflows import load_workflows

ALL = Wishes(auto_import_orders=True, sync_products=True, push_tracking=True)
SOURCE = "woocommerce-1a2b3c4d"


def names(*providers, order_source="installer") -> list[str]:
    return [one["name"] for one in definitions(providers, order_source=order_source)]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (Wishes(), []),
        (Wishes(auto_import_orders=True), [f"Import orders of {SOURCE}"]),
        (Wishes(push_tracking=True), ["Tell shops: order.dispatched", "Tell shops: order.completed"]),
        (
            Wishes(sync_products=True),
            [f"Sync products of {SOURCE}: product.{what}" for what in ("created", "updated", "deleted")],
        ),
    ],
    ids=["none", "import", "tell", "products"],
)
def test_each_setting_is_its_workflows(wishes, expected):
    """The three documented settings, and nothing besides."""
    assert expected == names(a_provider(wishes=wishes))


def test_a_disabled_shop_has_none():
    """Its events are not listened to, and it is told nothing."""
    assert [] == names(a_provider(wishes=ALL, status=ProviderStatus.DISABLED))


def test_nothing_is_told_where_no_source_has_an_order_api():
    """There is nobody who would say that an order is dispatched."""
    assert not [name for name in names(a_provider(wishes=ALL), order_source="") if name.startswith("Tell")]


def test_all_shops_share_the_two_that_tell():
    """Whose order it is, only the step can find out; a run per shop would be a run for nothing."""
    other = a_provider(guid="2a2b3c4d-0000-4000-8000-000000000002", wishes=ALL)

    found = names(a_provider(wishes=ALL), other)

    assert 2 == len([name for name in found if name.startswith("Tell")])
    assert len(found) == len(set(found))


def test_all_of_them_can_be_loaded_and_are_for_their_shop():
    """The loader is as strict with them as with a user's."""
    workflows = load_workflows(
        definitions([a_provider(wishes=ALL)], order_source="installer"), known=Registry.load()
    )

    assert 6 == len(workflows)
    assert all(one.is_for(SOURCE) for one in workflows)


def test_a_workflow_that_names_no_source_is_not_for_a_shop():
    """One that was written for the order API would fail on each order of a shop that is connected later."""
    (own,) = load_workflows(
        [{"name": "own", "trigger": "order.created", "actions": [{"type": "dispatch_order"}]}],
        known=Registry.load(),
    )

    assert (True, False) == (own.is_for("installer"), own.is_for(SOURCE))
