"""The whole API as schemathesis makes it up from the OpenAPI document: valid and broken calls of every operation."""

import subprocess
import sys

import pytest

from console.api import OPERATIONS
from console.commands.console import build
from console.scopes import Scope
from console.settings import console_settings
from console.tokens import Tokens
from receiver.config import read_config
from receiver.sealing import new_key
from tests.support.events import accepted, an_event
from tests.support.rest import served
from workers.failures import Permanent

#: Calls are made of these where the document cannot know what is there; a token that is revoked is not our own.
PARAMETERS = '[parameters]\n"path.eventId" = "evt-1"\n"path.source" = "shop"\n"path.name" = "other"\n'
#: Operations that may refuse what fits their schema: what a filter, a cursor or a workflow may say, and that events are
#: either named or all meant, no schema tells. Of all others, whatever fits is to be accepted.
PARTICULAR = (
    "POST /api/integrations/provider/configure",
    "POST /api/integrations/save-vapid-subscription",
    "GET /api/v1/events",
    "GET /api/v1/dead-letters",
    "GET /api/v1/deliveries",
    "POST /api/v1/replays",
    "POST /api/v1/replays/preview",
    "POST /api/v1/tokens",
    "POST /api/v1/workflows/backtest",
    "POST /api/workflows/configure",
)


def _may_refuse(operation: str) -> str:
    return f'[[operations]]\ninclude-name = "{operation}"\nchecks.positive_data_acceptance.enabled = false\n'


@pytest.fixture(name="populated")
def _populated(orderhook, client, dies):
    """A console without limits, over one dead letter, one pending event and a second token."""
    unlimited = {"calls_per_minute": 1_000_000, "strangers_calls_per_minute": 1_000_000}
    secrets_key, credentials_key = (new_key() for _ in range(2))
    orderhook.configure(
        console=unlimited | {"credentials_key": credentials_key}, receiver={"secrets_key": secrets_key}
    )
    dies("first", Permanent("no such installer"))
    accepted(client, an_event())
    orderhook.work()
    accepted(client, an_event("evt-2"))
    Tokens(client).create("other", Scope.READ, by="test", now=1)
    raw = read_config(environ={}, path=orderhook.path)
    with served(build(raw, console_settings(raw))) as caller:
        yield caller.having(Tokens(client).create("st", Scope.ADMIN, by="test", now=1)[0])


def test_every_operation_keeps_to_its_document(populated, tmp_path):
    """No call, however odd, ends in a fault of ours; each answer has the shape, the status and the headers promised."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(PARAMETERS + "".join(map(_may_refuse, PARTICULAR)))
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", f"http://127.0.0.1:{populated.port}/api/openapi.json"),
            *("--header", f"Authorization: Bearer {populated.token}"),
            *("--phases", "examples,coverage", "--workers", "2", "--seed", "1", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    print(run.stdout)
    assert 0 == run.returncode, run.stdout + run.stderr
    assert f"Tested: {len(OPERATIONS)}" in run.stdout
