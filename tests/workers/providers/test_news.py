"""What a shop is told, and where a tracking number is looked for."""

import pytest

from workers.providers.news import News, Tracking, tracking_of


@pytest.mark.parametrize(
    ("news", "sentence"),
    [
        (News(stage="dispatched"), "The order was dispatched."),
        (News(stage="completed", reference="P1-42"), "Order P1-42 was completed."),
        (
            News(stage="dispatched", reference="P1-42", tracking=Tracking(number="TRK1", carrier="Posten")),
            "Order P1-42 was dispatched. Tracking number with Posten: TRK1.",
        ),
        (
            News(stage="dispatched", tracking=Tracking(number="TRK1", url="https://t.example.com/TRK1")),
            "The order was dispatched. Tracking number: TRK1 (https://t.example.com/TRK1).",
        ),
    ],
    ids=["bare", "reference", "carrier", "address"],
)
def test_the_sentence_is_made_of_what_is_known(news, sentence):
    """The same news must give the same text, since a note is recognised by it."""
    assert sentence == news.sentence


@pytest.mark.parametrize(
    "place",
    [
        {"trackingNumber": "TRK1"},
        {"shipment": {"trackingNumber": "TRK1"}},
        {"shipments": [{}, {"trackingNumber": "TRK1"}]},
    ],
    ids=["own", "shipment", "shipments"],
)
def test_a_number_is_found_where_it_may_stand(place):
    """Neither API documents where an order has it."""
    assert Tracking(number="TRK1") == tracking_of(None, {}, place)


def test_the_first_place_wins():
    """The event is newer than what was read before it."""
    assert "TRK1" == tracking_of({"trackingNumber": "TRK1"}, {"trackingNumber": "TRK2"}).number


@pytest.mark.parametrize(
    "place",
    [{}, {"trackingNumber": 7}, {"trackingNumber": ""}, {"trackingNumber": "a\r\nb"}, {"shipments": "x"}],
    ids=["nothing", "a number", "empty", "line ends", "no list"],
)
def test_what_is_no_number_is_none(place):
    """It ends up in a note that people read."""
    assert tracking_of(place) is None


def test_an_address_that_is_none_is_left_out():
    """A link in a shop is clicked."""
    assert "" == tracking_of({"trackingNumber": "1", "trackingUrl": "javascript:alert(1)"}).url
