"""What every answer has, whichever path it is from."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from console.rest.app import create_app
from console.rest.operation import Services
from receiver import store
from receiver.config import read_config
from tests.console.rest.conftest import OPERATIONS
from tests.support.rest import served


@pytest.mark.parametrize("path", ["/api/shelves", "/nope", "/api/openapi.json", "/api/shelves/"])
def test_every_answer_has_an_id_and_security_headers(stranger, path):
    """Whoever reports a fault names the id; no browser makes more of an answer than data."""
    headers = stranger.get(path).headers

    assert 32 == len(headers["x-request-id"])
    assert ("nosniff", "no-store", "DENY") == tuple(
        headers[name] for name in ("x-content-type-options", "cache-control", "x-frame-options")
    )
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize(
    ("given", "taken"), [("abc-1.2_3", True), ("x" * 129, False), ("a b", False), ('"', False)]
)
def test_a_sane_request_id_is_taken_over(stranger, given, taken):
    """One id through all systems; but what goes into the log is not the caller's to make up."""
    assert taken == (given == stranger.get("/nope", **{"X-Request-Id": given}).headers["x-request-id"])


@pytest.mark.parametrize("path", ["/nope", "/api/shelves/", "/api/shelves/a/b", "//api/shelves"])
def test_an_unknown_path_answers_in_the_same_envelope(stranger, path):
    """A caller's code reads one shape of errors, and is never sent elsewhere."""
    reply = stranger.get(path)

    assert (404, "NOT_FOUND", False) == (reply.status, reply.code, reply.json["success"])


def test_the_document_is_a_valid_openapi_document(stranger):
    """Clients are generated from it."""
    document = stranger.get("/api/openapi.json").json

    assert [] == list(OpenAPIV31SpecValidator(document).iter_errors())
    operation = document["paths"]["/api/shelves/{shelfId}"]["post"]
    assert [{"token": ["operate"]}] == operation["security"]
    assert {"200", "400", "401", "403", "408", "413", "415", "429", "500", "503"} == set(
        operation["responses"]
    )


def test_without_redis_the_answer_is_503(settings, unused_port):
    """Our fault is 503 with Retry-After, never 401: a caller must not throw its token away."""
    url = f"redis://127.0.0.1:{unused_port}/0"
    services = Services(client=store.client(url, timeout_s=1), raw=read_config(environ={}), settings=settings)
    with served(create_app(services, OPERATIONS)) as caller:
        reply = caller.having("ohk_" + "A" * 43).get("/api/shelves")

    assert (503, "STORE_UNAVAILABLE", "5") == (reply.status, reply.code, reply.headers["retry-after"])
