"""Any order of what may happen, on a real Redis, beside a page of Python that says what it must come to."""

from tests.support.machine import check


def test_events_and_lanes_do_what_the_model_does(client, redis_url):
    """Every other test tells one story; this one looks for the story that nobody thought of."""
    check(client, redis_url, examples=6, steps=40)
