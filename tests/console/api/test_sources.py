"""`/api/v1/sources` over real HTTP: who may send, without a secret."""

from tests.console.conftest import SECRET
from tests.support.events import accepted, an_event


def test_a_source_tells_its_terms_and_how_its_events_stand(reader, client):
    """One call answers whether anything comes in, and what becomes of it."""
    accepted(client, an_event(), an_event("evt-2"), an_event())

    found = reader.get("/api/v1/sources")

    assert ["api", "open", "shop"] == [one["source"] for one in found.data]
    shop = found.data[2]
    assert ("/webhooks/shop", "standard-webhooks", 2, 1, 2) == (
        *(shop[name] for name in ("path", "scheme", "accepted", "duplicates")),
        shop["now"]["pending"],
    )
    assert SECRET not in found.body.decode()


def test_a_source_that_left_the_configuration_still_shows_its_events(reader, client):
    """Its events are recorded, and are still worked on."""
    accepted(client, an_event(source="gone"))

    found = reader.get("/api/v1/sources/gone").data

    assert (False, 1) == (found["configured"], found["accepted"])
    assert 404 == reader.get("/api/v1/sources/nope").status
