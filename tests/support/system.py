"""
The whole system as processes: Redis, receivers, workers and the sandbox, each started, killed and looked at.

A `System` writes a configuration into its folder and starts the product's own commands on it; the sandbox runs with
its effects in a file that outlives it. What was done is read from that file or from the deeds of `deeds_on_disk`,
never from our own status.
"""

import contextlib
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
import tomlkit

from console.embedded import RedisServer, free_port
from receiver.config import read_config
from receiver.settings import receiver_settings
from receiver.verification import sign
from tests.support.waiting import until
from workers.loop_settings import EchoTypes

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "sandbox-token"

#: A user's actions: each deed is a line in the file DEEDS, written with O_APPEND before the action returns.
DEEDS_ON_DISK = """
import asyncio, json, os, signal
from workers.actions import action


def deed(step, name):
    line = json.dumps([name, step.event.id, step.event.subject, step.idempotency_key, step.event.payload["data"]])
    with open(os.environ["DEEDS"], "a") as file:
        file.write(line + "\\n")


@action("note", effect="keyed")
async def note(step):
    deed(step, "note")


@action("slow_note", effect="keyed")
async def slow_note(step, *, seconds: float = 1.0):
    deed(step, "slow_note")
    await asyncio.sleep(seconds)


@action("poison", effect="keyed")
async def poison(step):
    deed(step, "poison")
    if step.event.payload["data"].get("poison"):
        os.kill(os.getpid(), signal.SIGKILL)
"""

SANDBOX = """
import json, os, sys
from pathlib import Path
from receiver.settings import read_config, receiver_settings
from receiver.verification import sign
from sandbox.config import SandboxConfig, SenderRules
from sandbox.server import run

options = json.loads(sys.argv[1])
scheme = receiver_settings(read_config(environ=os.environ)).sources["installer"].scheme
run(SandboxConfig(
    port=options.pop("port"), webhook_url=options.pop("webhook_url"), tokens=(options.pop("token"),),
    effects_file=Path(options.pop("effects")), sender=SenderRules(retry_delays_s=(0.2,) * 50), **options,
    signer=lambda id, type, at, body: sign(scheme, event_id=id, event_type=type, timestamp=at, body=body)))
"""


@dataclass(slots=True)
class Process:
    """One process in a process group of its own, its output in a file."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it and all that it started as a crash of the machine would: without a last word."""
        for pid in [self.popen.pid, *descendants(self.popen.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self.popen.terminate()
        return self.popen.wait(20)


@dataclass(slots=True)
class System:
    """Everything in one folder."""

    folder: Path
    redis: RedisServer = field(init=False)
    receiver_port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    processes: list[Process] = field(default_factory=list)
    #: Of the log files; not the length of the list, since processes may be started side by side.
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.redis = RedisServer(folder=self.folder / "redis")
        (self.folder / "deeds_on_disk.py").write_text(DEEDS_ON_DISK)

    # What it is made of.

    def configure(
        self,
        workflows: Sequence[Mapping[str, Any]],
        *,
        worker: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
        api: Mapping[str, Any] | None = None,
        receiver: Mapping[str, Any] | None = None,
        actions: Sequence[str] = (),
        targets: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Write the configuration: the sources `installer` (signed, with an API) and `open` (unsigned, without).

        Args:
            source: More terms of both sources.
            api: More terms of the order API.
            actions: More modules of actions, in the folder.
        """
        values = {
            "redis_url": self.redis.url,
            "receiver": {"port": self.receiver_port, **(receiver or {})},
            "actions": ["deeds_on_disk", *actions],
            # These tests have few orders with thousands of events each, which follow a write of ours within a moment and
            # are none of its doing: their sandbox raises no events.
            "loop_guard": {
                "max_order_runs": 1_000_000,
                "echo_types": {write: [] for write in EchoTypes.model_fields},
            },
            "sources": {
                "installer": {
                    "system": "installer",
                    "scheme": {"type": "standard-webhooks", "secrets": [SECRET]},
                    "api": {"base_url": self.sandbox_url, "token": TOKEN, **(api or {})},
                    **(source or {}),
                },
                "open": {
                    "scheme": {"type": "unsigned"},
                    **(source or {}),
                    "mapping": {"id": "id", **(source or {}).get("mapping", {})},
                },
            },
            "worker": {"lease_s": 2.0, "call_deadline_s": 1.5, "retry": {"base_s": 0.1}, **(worker or {})},
            "targets": dict(targets or {}),
            "workflows": [{"entity_type": "Order", **workflow} for workflow in workflows],
        }
        (self.folder / "orderhook.toml").write_text(tomlkit.dumps(values))

    @staticmethod
    def command(*words: str) -> tuple[str, ...]:
        """Return one of the product's own commands."""
        return (*ORDERHOOK, *words)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "ORDERHOOK_CONFIG": str(self.folder / "orderhook.toml"),
            "DEEDS": str(self.folder / "deeds.jsonl"),
        }

    @property
    def receiver_url(self) -> str:
        return f"http://127.0.0.1:{self.receiver_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    # Starting and ending.

    def start(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> Process:
        """Start a process, with more in its environment than others, and keep it for the end."""
        log = self.folder / f"{name}-{next(self._numbers)}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(
                command,
                env=self.environment | (env or {}),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        return process

    def start_receiver(self, port: int | None = None, *, env: Mapping[str, str] | None = None) -> Process:
        """Start a receiver and wait until it is ready."""
        port = port or self.receiver_port
        process = self.start("receiver", *self.command("receiver", "--port", str(port)), env=env)
        until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), what="receiver answers", within_s=20)
        return process

    def start_worker(self, processes: int = 1, *, env: Mapping[str, str] | None = None) -> Process:
        """Start a supervisor with its workers and wait until rq knows them."""
        before = self.workers()
        process = self.start("worker", *self.command("worker", "--processes", str(processes)), env=env)
        until(
            lambda: len(self.workers() - before) >= processes,
            what="workers registered",
            within_s=20 + 5 * processes,
        )
        return process

    def start_sandbox(self, **options: Any) -> Process:
        """Start the sandbox, its sender posting to the receiver."""
        fixed = {
            "port": self.sandbox_port,
            "token": TOKEN,
            "webhook_url": f"{self.receiver_url}/webhooks/installer",
            "effects": str(self.folder / "effects.jsonl"),
        }
        process = self.start("sandbox", sys.executable, "-c", SANDBOX, json.dumps(fixed | options))
        until(lambda: _answers(f"{self.sandbox_url}/_sandbox/effects"), what="sandbox answers", within_s=20)
        return process

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one of the product's own commands to its end, as an operator would."""
        return subprocess.run(
            self.command(*words),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def end(self) -> None:
        """End everything, whatever state it is in."""
        for process in self.processes:
            process.kill()
        self.redis.stop()

    # Doing.

    def post(
        self, source: str, event_id: str, data: Mapping[str, Any], *, event_type: str = "order.created"
    ) -> int:
        """Deliver one event, signed where the source wants it; return the status, 0 where no answer came."""
        body = json.dumps({"id": event_id, "event": event_type, "data": data}).encode()
        headers = {"content-type": "application/json", **self._signature(source, event_id, event_type, body)}
        connection = http.client.HTTPConnection("127.0.0.1", self.receiver_port, timeout=5)
        try:
            connection.request("POST", f"/webhooks/{source}", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def deliver(self, source: str, event_id: str, data: Mapping[str, Any], **more: str) -> None:
        """Deliver one event as a patient sender does: again until it is acknowledged."""
        until(
            lambda: self.post(source, event_id, data, **more) in (200, 202), what=f"{event_id} acknowledged"
        )

    def call_sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's own door."""
        request = urllib.request.Request(
            f"{self.sandbox_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", "authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _signature(self, source: str, event_id: str, event_type: str, body: bytes) -> dict[str, str]:
        scheme = (
            receiver_settings(read_config(environ={}, path=self.folder / "orderhook.toml"))
            .sources[source]
            .scheme
        )
        return dict(
            sign(scheme, event_id=event_id, event_type=event_type, timestamp=int(time.time()), body=body)
        )

    def printed(self, *words: str) -> str:
        """Run one of the product's own commands, which must exit with 0, and return what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    # Seeing.

    def workers(self) -> set[str]:
        """Return the rq workers that are registered."""
        with self.client() as client:
            return set(client.smembers("rq:workers"))

    def client(self) -> "redis.Redis":
        return self.redis.client()

    def deeds(self) -> list[list[Any]]:
        """Return what the user's actions did: [action, event id, subject, idempotency key, data]."""
        return _lines(self.folder / "deeds.jsonl")

    def effects(self, name: str = "") -> list[dict[str, Any]]:
        """Return what the sandbox's API performed, of one kind or all."""
        found = _lines(self.folder / "effects.jsonl")
        return [effect for effect in found if not name or effect["effect"] == name]

    def logs(self) -> Iterator[str]:
        """Yield the text of every process' log."""
        for process in self.processes:
            yield process.log.read_text(errors="replace")


ORDERHOOK = (str(Path(sys.executable).with_name("orderhook")),)


def children(pid: int) -> list[int]:
    """Return the processes that *pid* started and that have not ended."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def descendants(pid: int) -> list[int]:
    """Return the processes that *pid* started, and those that they started."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def _lines(path: Path) -> list[Any]:
    """Return the whole lines of a JSON lines file; the last may be cut by a kill."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
