"""`orderhook send`: a signed event in one line, to a receiver that really runs."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from console.embedded import free_port
from console.errors import ConsoleError
from console.http import call
from receiver.inbox import Inbox
from tests.support.events import record
from tests.support.waiting import until

TOKEN = "0123456789abcdef"
SCHEMES = {
    "standard": {"type": "standard-webhooks", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
    "github": {"type": "github", "secrets": [TOKEN]},
    "stripe": {"type": "stripe", "secrets": [TOKEN]},
    "header": {"type": "header", "name": "X-Token", "secrets": [TOKEN]},
    "basic": {"type": "basic", "username": "erp", "secrets": [TOKEN]},
    "unsigned": {"type": "unsigned"},
}
SOURCES = {name: {"scheme": scheme} for name, scheme in SCHEMES.items()}
SOURCES["paths"] = {
    "scheme": {"type": "unsigned"},
    "mapping": {"subject": "order.number", "id": "meta.id"},
}
SOURCES["words"] = {
    "scheme": {"type": "unsigned"},
    "mapping": {"type": {"path": "state", "words": {"new": "order.created"}}, "subject": "order"},
}


@pytest.fixture(name="url", scope="module")
def _url(redis_server, tmp_path_factory) -> Iterator[str]:
    """A receiver with a source of every scheme, as a process of its own."""
    path = tmp_path_factory.mktemp("send") / "orderhook.toml"
    path.write_text("".join(f"[sources.{name}]\n{_toml(table)}" for name, table in SOURCES.items()))
    port = free_port()
    command = [sys.executable, "-m", "console.cli", "--config", str(path), "receiver", "--port", str(port)]
    environ = os.environ | {"ORDERHOOK_REDIS_URL": redis_server.url}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    until(lambda: _ready(url), what="the receiver is ready")
    yield url
    process.terminate()
    process.wait(15)


def _toml(table: dict) -> str:
    scheme = ", ".join(f"{key} = {json.dumps(value)}" for key, value in table["scheme"].items())
    mapping = "".join(f"mapping.{key} = {_value(value)}\n" for key, value in table.get("mapping", {}).items())
    return f"scheme = {{ {scheme} }}\n{mapping}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value)


def _ready(url: str) -> bool:
    try:
        return call("GET", f"{url}/readyz", timeout_s=1).ok
    except ConsoleError:
        return False


@pytest.mark.parametrize("source", SOURCES)
def test_a_sample_is_accepted_whatever_the_scheme(client, orderhook, url, source):
    """The first thing an integration engineer tries must not fail on our side of the signature."""
    orderhook.configure(sources=SOURCES)

    said = orderhook.run("send", "order.created", "--source", source, "--url", url)

    assert 0 == said.code, said.err
    event_id, status, outcome, *_ = said.out.split()
    assert ("202", "accepted") == (status, outcome)
    found = Inbox(client).get(event_id, source=source)
    assert "order.created" == found.type
    assert found.subject


def test_an_id_of_ones_own_sent_twice_is_a_duplicate(client, orderhook, url):
    """Deduplication can be seen from outside."""
    orderhook.configure(sources=SOURCES)
    words = (
        "send",
        "order.created",
        "--source",
        "standard",
        "--url",
        url,
        "--id",
        "evt_7",
        "--data",
        '{"id": "7"}',
    )
    orderhook.run(*words)

    said = orderhook.run(*words, "--json")

    (row,) = said.rows
    assert ("evt_7", 200, "duplicate") == (row["eventId"], row["status"], row["answer"]["data"]["status"])


def test_many_events_have_ids_of_their_own(client, orderhook, url):
    """A small load test is one command."""
    orderhook.configure(sources=SOURCES)

    said = orderhook.run(
        "send", "order.created", "--source", "standard", "--url", url, "--count", "3", "--id", "e"
    )

    assert ["e", "e-2", "e-3"] == [line.split()[0] for line in said.out.splitlines()]
    assert 3 == Inbox(client).counts()["standard:accepted"]


def test_data_can_come_from_a_file(client, orderhook, url, tmp_path):
    """A payload that failed in production is sent again as it was."""
    orderhook.configure(sources=SOURCES)
    (tmp_path / "data.json").write_text('{"id": "order-9", "countryCode": "NO"}')

    orderhook.run(
        "send",
        "order.updated",
        "--source",
        "standard",
        "--url",
        url,
        "--id",
        "e9",
        "--data",
        f"@{tmp_path}/data.json",
    )

    assert "order-9" == record(client, "e9", source="standard").subject


def test_a_refused_event_fails_with_the_receivers_words(orderhook, url):
    """A wrong secret is the commonest reason; the code says so."""
    wrong = {"type": "standard-webhooks", "secrets": ["whsec_" + "A" * 32]}
    orderhook.configure(sources={"standard": {"scheme": wrong}})

    said = orderhook.run("send", "order.created", "--source", "standard", "--url", url)

    assert 1 == said.code
    assert "401 SIGNATURE_INVALID: the delivery is not authentic" in said.out
    assert "1 of 1 were not taken" in said.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--source", "nope"], 4, "no source 'nope'"),
        (["--source", "shop", "--data", "[1]"], 2, "expected a JSON object"),
        (["--source", "shop", "--data", "{"], 2, "--data cannot be read"),
        (["--source", "shop", "--data", "@/nowhere"], 2, "--data cannot be read"),
        (["--source", "shop", "--url", "ftp://example.com"], 2, "cannot be called"),
        (["--source", "shop", "--url", "http://127.0.0.1:1"], 1, "does not answer"),
    ],
    ids=["source", "list", "syntax", "file", "scheme", "down"],
)
def test_what_cannot_be_sent_says_why_in_one_line(orderhook, words, code, message):
    """Each of these is a slip of the one who types."""
    said = orderhook.run("send", "order.created", *words)

    assert code == said.code
    assert message in said.err
    assert 1 == len(said.err.splitlines())


def test_only_the_secrets_of_that_source_are_needed(orderhook):
    """Who tests one integration need not hold the secrets of all."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    orderhook.configure(
        sources={
            "shop": {"scheme": {"type": "standard-webhooks", "secrets": [secret]}},
            "other": {"scheme": {"type": "github", "secrets": ["env:NOT_HERE"]}},
        }
    )

    said = orderhook.run("send", "order.created", "--source", "shop", "--url", "http://127.0.0.1:1")

    assert 1 == said.code  # it got as far as sending


def test_a_public_key_cannot_sign(orderhook):
    """It verifies, which is all that a receiver needs; the message says what would sign."""
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    public = "whpk_" + base64.b64encode(key).decode()
    orderhook.configure(sources={"shop": {"scheme": {"type": "standard-webhooks", "secrets": [public]}}})

    said = orderhook.run("send", "order.created", "--source", "shop", "--url", "http://127.0.0.1:1")

    assert 2 == said.code
    assert "is a public key" in said.err
