"""A receiver process for all tests that do not break it, with a source of each kind."""

import pytest

from tests.support.receiving import started
from tests.support.schemes import EVERY_SCHEME, STANDARD_SECRET

BODY_LIMIT = 64 * 1024
BODY_DEADLINE_S = 0.4


def of_scheme(name, **more):
    return {"scheme": EVERY_SCHEME[name], **more}


@pytest.fixture(name="receiver_process", scope="session")
def _receiver_process(tmp_path_factory, redis_server):
    standard = {"type": "standard-webhooks", "secrets": [STANDARD_SECRET]}
    sources = {
        "shop": {"scheme": standard},
        "open": of_scheme("unsigned", mapping={"id": "id"}),
        "github": of_scheme("github", mapping={"subject": "repository.id"}),
        "stripe": of_scheme("stripe", mapping={"subject": "data.object.id"}),
        "ack200": {"scheme": standard, "ack_status": 200},
        "ack201": {"scheme": standard, "ack_status": 201},
        "ack204": {"scheme": standard, "ack_status": 204},
        "disk": {"scheme": standard, "durability": "disk"},
        "limited": {"scheme": standard, "rate_limit_per_s": 0.5},
        "disabled": {"scheme": standard, "enabled": False},
    }
    # Without traces, so that a test sees what the deliveries themselves ask of Redis.
    section = {"traces_kept": 0, "body_limit_bytes": BODY_LIMIT, "body_deadline_s": BODY_DEADLINE_S}
    folder = tmp_path_factory.mktemp("receiver")
    with started(folder, redis_server.url, sources=sources, receiver=section) as receiver:
        yield receiver


@pytest.fixture(name="receiver")
def _receiver(receiver_process, client):
    """The receiver, with an empty Redis behind it; whatever a test does to it, it must log no bug."""
    yield receiver_process
    assert receiver_process.process.poll() is None
    assert [] == receiver_process.tracebacks()
