"""The documentation page of the API against the table in the code, which it must not contradict."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import tomlkit

from receiver.config import read_config
from receiver.secrets import Secret
from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support.code import ROOT
from tests.support.events import accepted, an_event, record
from workers import shift
from workers.api.dispatch.client import DispatchClient
from workers.api.dispatch.filters import field
from workers.api.dispatch.operations import OPERATIONS
from workers.plant import Plant
from workers.settings import worker_settings

PAGE = (ROOT / "docs" / "dispatch-api.md").read_text("utf-8")


def test_the_page_shows_every_operation_as_the_table_has_it():
    """What is invented must be told from what is documented, in the code as on the page."""
    shown = PAGE.partition("<!-- operations")[2].partition("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| `")]

    assert [(row[0], row[1], row[-1]) for row in rows] == [
        (f"`{one.name}`{_mark(one)}", f"`{one.route}`", one.note) for one in OPERATIONS.values()
    ]


def _mark(operation):
    return " **!**" if operation.writes and operation.route.method == "GET" else ""


def _blocks(language):
    return [part.partition("```")[0] for part in PAGE.split(f"```{language}\n")[1:]]


def test_the_pages_source_is_a_configuration_that_works(tmp_path):
    """It is what people copy."""
    (source,) = _blocks("toml")
    file = tmp_path / "orderhook.toml"
    file.write_text(source)

    settings = worker_settings(read_config(path=file, environ={"DISPATCH_API_TOKEN": "x"}))

    assert "dispatch" == settings.sources["dispatch"].system
    assert 10 == settings.apis["dispatch"].rate_per_s


@pytest.mark.anyio
async def test_the_pages_program_prints_what_the_page_shows(capsys):
    """An example that has drifted costs more trust than none."""
    program = next(block for block in _blocks("python") if "asyncio.run" in block)
    *lines, last = program.strip().splitlines()
    found = {}
    exec(compile("\n".join(lines), "docs/dispatch-api.md", "exec"), found)

    async with serving(SandboxConfig(port=0, seed=1)) as url:
        await found["main"](url)

    assert "asyncio.run(main(" in last
    assert _blocks("text") == [capsys.readouterr().out]


def test_the_page_writes_filters_as_the_builder_does():
    """The table is read instead of the module."""
    names = {"field": field, "datetime": datetime, "UTC": UTC, "Decimal": Decimal}
    rows = [line.split("`") for line in PAGE.splitlines() if line.startswith('| `field("')]

    assert len(rows) == 5
    for row in rows:
        assert row[-2] == str(eval(row[1], names))


@pytest.mark.anyio
async def test_the_pages_action_runs(redis_url, client, tmp_path, session, edge_to):
    """It is the other thing that people copy; here an order of the sandbox gets its carrier, and gets it once."""
    code = next(block for block in _blocks("python") if "@action" in block)
    (tmp_path / "dispatch_page_actions.py").write_text(code)
    async with serving(SandboxConfig(port=0, seed=1)) as url:
        api = DispatchClient(edge_to(url, token=Secret("env:TOKEN", "sandbox-token")))
        order = (await api.orders.page(where=field("status") == "pending")).items[0]
        async with session.get(f"{url}/_sandbox") as answer:
            carrier = next(iter((await answer.json())["dispatch"]["carriers"]))
        settings = _settings(tmp_path, redis_url, url, {"type": "choose_carrier", "carrier": carrier})
        for event_id in ("evt-1", "evt-2"):
            accepted(client, an_event(event_id, type="order.created", subject=order.guid))

        await shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02)

        results = [next(iter(record(client, name).ledger.values())).detail for name in ("evt-1", "evt-2")]
        assert [{"already": False, "carrier": carrier}, {"already": True}] == list(map(json.loads, results))
        assert carrier == (await api.get_order(order.guid)).carrier.guid


def _settings(folder, redis_url, url, action):
    source = {
        "system": "dispatch",
        "scheme": {"type": "unsigned"},
        "api": {"base_url": url, "token": "sandbox-token"},
    }
    workflow = {"name": "w", "entity_type": "Order", "trigger": "order.created", "actions": [action]}
    values = {
        "redis_url": redis_url,
        "actions": ["dispatch_page_actions"],
        "sources": {"shop": source},
        "workflows": [workflow],
    }
    (folder / "orderhook.toml").write_text(tomlkit.dumps(values))
    return worker_settings(read_config(environ={}, path=folder / "orderhook.toml"))
