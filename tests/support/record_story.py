"""
A story that leaves events in every state there is, told by real workers: what `record_files.py` dumps.

The actions do what the event's data says: fail in this way or that, or kill the process that runs them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import redis
import tomlkit

from receiver.config import read_config
from receiver.record import Ruling
from tests.support.events import accepted, an_event, record
from workers import dead_letters, shift
from workers.actions import Step, action
from workers.failures import Permanent, Transient
from workers.plant import Plant
from workers.settings import worker_settings

DAY_MS = 24 * 60 * 60 * 1000
#: A list of [action, event id, idempotency key]; in the Redis of the story, since its workers die.
DEEDS = "story:deeds"


def configured(url: str, folder: Path, *, actions: str) -> Plant:
    """Return what a worker of the story works with; *actions* is the module that has `first`, `second` and `mail`."""

    def workflow(name: str, trigger: str, *steps: str, **more: Any) -> dict[str, Any]:
        actions = [{"type": step} for step in steps]
        return {"name": name, "entity_type": "Order", "trigger": trigger, "actions": actions, **more}

    unsigned = {"scheme": {"type": "unsigned"}}
    values = {
        "redis_url": url,
        "actions": [actions],
        "sources": {"shop": unsigned, "held": {**unsigned, "on_dead": "hold"}},
        "worker": {"shift_s": 2.0, "retry": {"base_s": 3600.0, "cap_s": 3600.0}},
        "workflows": [
            workflow("both", "order.created", "first", "second"),
            workflow("mail", "order.completed", "mail"),
            workflow("newest", "order.updated", "first", latest_only=True),
        ],
    }
    path = folder / "orderhook.toml"
    path.write_text(tomlkit.dumps(values))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


def tell(client: "redis.Redis", url: str) -> list[list[str]]:
    """Let it all happen in an empty Redis; return the deeds."""
    accepted(
        client,
        _event("succeeded"),
        _event("ignored", type="order.deleted"),
        _event("newer", subject="order-late", occurred="2000"),
        _event("stale", subject="order-late", occurred="1000"),
        _event("dead", second="permanent"),
        _event("discarded", second="permanent"),
        _event("replayed", second="permanent"),
        _event("retrying", second="transient"),
        _event("unknown", type="order.completed", mail="perhaps"),
        _event("resolved", type="order.completed", mail="perhaps"),
        _event("quarantined", body=b"{", quarantine="payload_invalid", error="not JSON"),
        _event("held-dead", source="held", subject="order-held", second="permanent"),
        _event("held-waiting", source="held", subject="order-held"),
        _event("superseded", subject="order-updated", type="order.updated"),
        _event("newest", subject="order-updated", type="order.updated"),
    )
    assert 0 == _work(url)
    list(dead_letters.discard(client, [record(client, "discarded")], keep_ms=30 * DAY_MS, why="ola: a test"))
    list(dead_letters.replay(client, [record(client, "replayed"), record(client, "succeeded")]))
    parked = record(client, "resolved")
    dead_letters.resolve(client, parked, "0.0", Ruling.DONE, by="ola", note="seen", start=True)
    assert 0 == _work(url)
    accepted(client, _event("crashed", second="kill"), _event("waiting", subject="order-crashed"))
    assert -signal.SIGKILL == _work(url)
    accepted(client, _event("pending"), _event("spooled", spooled="1700000000000"))
    accepted(client, _event("pending"), _event("pending", second="another body"))
    return [line.split() for line in client.lrange(DEEDS, 0, -1)]


def _event(name: str, *, subject: str = "", **more: Any) -> Any:
    does = {step: more.pop(step) for step in ("second", "mail") if step in more}
    subject = subject or f"order-{name}"
    return an_event(name, subject=subject, **more, **({"data": {"does": does}} if does else {}))


def _work(url: str) -> int:
    """Work for one shift, in a process; return how that ended."""
    command = [sys.executable, "-m", __name__, url]
    return subprocess.run(command, env=os.environ | {"STORY": url}, check=False, timeout=60).returncode


def _told(step: Step, name: str) -> Mapping[str, str]:
    client = redis.Redis.from_url(os.environ["STORY"])
    client.rpush(DEEDS, f"{name} {step.event.id} {step.idempotency_key}")
    match step.event.payload["data"].get("does", {}).get(name):
        case "permanent":
            raise Permanent("the order does not want it", reason="upstream_rejected")
        case "transient":
            raise Transient("not now")
        case "perhaps":
            raise Transient("no answer came", effect="unknown")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
    return {"by": name}


@action("first", effect="keyed")
async def first(step: Step) -> Mapping[str, str]:
    return _told(step, "first")


@action("second", effect="keyed")
async def second(step: Step) -> Mapping[str, str]:
    return _told(step, "second")


@action("mail", effect="unkeyed")
async def mail(step: Step) -> Mapping[str, str]:
    return _told(step, "mail")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(shift.work(configured(sys.argv[1], Path(folder), actions=__name__), linger_s=0.1))
