"""The command line in this process, on a real Redis, with a configuration of its own and real work on request."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from typer.testing import CliRunner

from console.access import settings_of
from console.cli import app
from console.desk import Desk
from receiver.config import read_config
from receiver.spool_store import SpoolStore, file_of
from tests.support import deeds
from tests.support.events import an_event
from workers import shift
from workers.plant import Plant
from workers.settings import worker_settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

#: Two sources: one signed, one that anybody may send to.
SOURCES = {
    "shop": {"scheme": {"type": "standard-webhooks", "secrets": [SECRET]}},
    "open": {"scheme": {"type": "unsigned"}},
}
WORKFLOW = {
    "name": "both",
    "entity_type": "Order",
    "trigger": "order.created",
    "actions": [{"type": "first"}, {"type": "second"}],
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the lines of JSON on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(kw_only=True)
class Console:
    """A configuration and the command line on it."""

    redis_url: str
    path: Path
    values: dict[str, Any]

    def configure(self, **tables: Any) -> None:
        """Replace tables of the configuration and write it."""
        self.values |= tables
        self.path.write_text(tomlkit.dumps(self.values))

    @property
    def desk(self) -> Desk:
        return Desk(environ={"ORDERHOOK_CONFIG": str(self.path), "USER": "ola"})

    def run(self, *words: str, answer: str = "", environ: Mapping[str, str] | None = None) -> Said:
        """Run `orderhook WORDS`, with *answer* typed into it."""
        variables = {**self.desk.environ, "COLUMNS": "200", **(environ or {})}
        found = CliRunner().invoke(app, list(words), input=answer, env=variables)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception  # a bug: the boundary lets nothing else through
        return Said(code=found.exit_code, out=found.stdout, err=found.stderr)

    def work(self) -> None:
        """Work until nothing is ready."""
        settings = worker_settings(read_config(environ={}, path=self.path))
        asyncio.run(shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02))


@pytest.fixture(name="orderhook")
def _orderhook(redis_url, tmp_path) -> Console:
    """`orderhook` on an empty Redis; its workflow runs the deeds `first` and `second`."""
    deeds.forget()
    console = Console(redis_url=redis_url, path=tmp_path / "orderhook.toml", values={})
    console.configure(
        redis_url=redis_url, actions=["tests.support.deeds"], sources=SOURCES, workflows=[WORKFLOW]
    )
    assert settings_of(console.desk).redis_url == redis_url
    return console


@pytest.fixture(name="dies")
def _dies() -> Callable[..., None]:
    """Makes a deed fail, once for each failure given."""

    def fail(action: str, *failures: Exception) -> None:
        deeds.FAILURES[action] = list(failures)

    return fail


@pytest.fixture(name="spooled")
def _spooled(orderhook) -> Path:
    """The file of a spool in which two events of `open` wait, `evt-0` and `evt-1`."""
    folder = orderhook.path.parent / "spool"
    orderhook.configure(sources=SOURCES | {"open": SOURCES["open"] | {"spool": "spool"}})
    store = SpoolStore(folder, "open", max_bytes=1_000_000)
    store.add([(an_event(f"evt-{n}", source="open", spooled=1_700_000_000_000), True) for n in range(2)])
    store.close()
    return file_of(folder, "open")
