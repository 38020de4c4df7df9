"""`orderhook receiver`, `worker` and `sandbox`: what they load, and what they refuse to start with."""

import base64
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console.commands.sandbox import SandboxWish, dispatch_signer_of, signer_of
from console.desk import Desk
from console.errors import Misuse
from receiver.verification import StandardWebhooksSettings, Verified, Verifier

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


def test_the_receivers_process_loads_no_client_and_no_action():
    """The command is what runs in production: importing `receiver` alone being clean would prove nothing."""
    code = "import json, sys, console.cli, console.commands.receiver; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in json.loads(run.stdout)}

    assert set() == loaded & {"workers", "sandbox", "aiohttp", "httpx", "requests", "urllib3", "httpcore"}


@pytest.mark.parametrize("name", ["receiver", "console", "sandbox"])
def test_a_taken_port_is_said_in_one_line(orderhook, name):
    """The commonest reason why a process does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = orderhook.run(name, "--port", str(taken.getsockname()[1]))

    assert 2 == said.code
    assert "choose another with --port" in said.err


def test_the_receiver_does_not_start_on_a_redis_that_breaks_its_promise(orderhook):
    """A 2xx would mean less than the source asks for."""
    orderhook.configure(sources={"shop": {"scheme": {"type": "unsigned"}, "durability": "replica"}})

    # As a process: what it sets up for its log would stay with the tests behind it.
    command = (sys.executable, "-m", "console.cli", "receiver", "--port", "0")
    said = subprocess.run(
        command, env=orderhook.desk.environ, capture_output=True, text=True, timeout=30, check=False
    )

    assert 2 == said.returncode
    assert "no replica is connected" in said.stderr


def test_a_worker_does_not_start_with_a_configuration_that_cannot_be_used(orderhook):
    """It would be started anew for ever."""
    orderhook.configure(workflows=[{"name": "x", "trigger": "order.created", "actions": [{"type": "nope"}]}])

    said = orderhook.run("worker")

    assert 2 == said.code
    assert "unknown action 'nope'" in said.err


@pytest.mark.parametrize(
    "wish",
    [
        {"scheme": "standard-webhooks", "secret": "env:S"},
        {"scheme": '{"type": "standard-webhooks", "secrets": ["env:S"]}'},
        {"source": "shop"},
    ],
    ids=["type", "json", "source"],
)
def test_the_sandbox_signs_as_it_is_told(orderhook, wish):
    """By a scheme on the command line, or as a source of the configuration."""
    source = {"scheme": {"type": "standard-webhooks", "secrets": ["env:S"]}}
    orderhook.configure(sources={"shop": source})
    desk = Desk(environ={**orderhook.desk.environ, "S": SECRET})

    signer = signer_of(desk, SandboxWish(host="127.0.0.1", port=0, **wish))

    context = {"environ": desk.environ, "folder": Path()}
    settings = StandardWebhooksSettings.model_validate(source["scheme"], context=context)
    headers = [
        (name.lower().encode(), value.encode()) for name, value in signer("evt_1", "t", 1_790_000_000, b"{}")
    ]
    assert isinstance(Verifier.build(settings).verify(headers, b"{}", now=1_790_000_001.0), Verified)


def test_the_dispatch_side_signs_as_a_source_of_its_own(orderhook):
    """The two systems are two sources, and no secret serves both."""
    secrets = {
        name: {"scheme": {"type": "header", "name": "X-Token", "secrets": [f"env:{name}"]}} for name in "AB"
    }
    orderhook.configure(sources={"installer": secrets["A"], "dispatch": secrets["B"]})
    desk = Desk(environ={**orderhook.desk.environ, "A": "a" * 16, "B": "b" * 16})
    wish = SandboxWish(host="127.0.0.1", port=0, source="installer", dispatch_source="dispatch")

    signed = [
        signer("evt_1", "t", 1_790_000_000, b"{}")
        for signer in (signer_of(desk, wish), dispatch_signer_of(desk, wish))
    ]

    assert [[("X-Token", "a" * 16)], [("X-Token", "b" * 16)]] == signed
    assert dispatch_signer_of(desk, SandboxWish(host="127.0.0.1", port=0, source="installer")) is None


def test_the_sandbox_sends_unsigned_unless_it_is_told():
    """That is all that the vendor documents."""
    assert signer_of(Desk(environ={}), SandboxWish(host="127.0.0.1", port=0)) is None


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"scheme": "nope"}, "--webhook-scheme cannot be used"),
        ({"scheme": "{"}, "--webhook-scheme is no JSON"),
        ({"scheme": "github"}, "secrets"),
        ({"scheme": "github", "secret": "env:UNSET"}, "env:UNSET is not set"),
    ],
    ids=["unknown", "syntax", "secretless", "unset"],
)
def test_a_scheme_that_cannot_be_used_says_why(wish, message):
    """The same words as in a configuration."""
    with pytest.raises(Misuse, match=message):
        signer_of(Desk(environ={}), SandboxWish(host="127.0.0.1", port=0, **wish))


def test_a_token_that_cannot_be_read_says_why(orderhook):
    """A sandbox with a token that nobody knows answers 401 to everybody."""
    said = orderhook.run("sandbox", "--token", "env:UNSET", "--port", "0")

    assert 2 == said.code
    assert "--token: env:UNSET is not set" in said.err
