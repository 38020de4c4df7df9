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
from tests.support.events import accepted, an_event
from tests.support.rest import served
from workers.failures import Permanent

#: Calls are made of these where the document cannot know what is there; a token that is revoked is not our own.
PARAMETERS = '[parameters]\n"path.eventId" = "evt-1"\n"path.source" = "shop"\n"path.name" = "other"\n'
#: All checks but one: that whatever fits the schema is accepted. What a filter or a cursor may say, and which events a
#: replay may name, no schema can tell.
EXCLUDED = "positive_data_acceptance"


@pytest.fixture(name="populated")
def _populated(orderhook, client, dies):
    """A console without limits, over one dead letter, one pending event and a second token."""
    unlimited = {"calls_per_minute": 1_000_000, "strangers_calls_per_minute": 1_000_000}
    orderhook.configure(console=unlimited)
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
    config.write_text(PARAMETERS)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", f"http://127.0.0.1:{populated.port}/api/openapi.json"),
            *("--header", f"Authorization: Bearer {populated.token}", "--exclude-checks", EXCLUDED),
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
