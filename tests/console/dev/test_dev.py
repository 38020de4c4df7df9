"""`orderhook dev` as it is typed: one process tree per test, marked so that what is left of it can be found."""

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import marked
from tests.support.rest import Caller
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

PORTS = ["--receiver-port", "--console-port", "--sandbox-port"]
#: Seconds in which everything must have stopped after a signal.
STOP_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Dev:
    """A running `orderhook dev` in a folder of its own."""

    process: "subprocess.Popen[str]"
    folder: Path
    mark: str

    def read_until(self, words: str) -> str:
        """Return the output up to the line that holds *words*."""
        text = ""
        for line in self.process.stdout:
            text += line
            if words in line:
                return text
        raise AssertionError(f"{words!r} was never said:\n{text}\n{self.process.stderr.read()}")

    def end(self) -> tuple[int, str]:
        """Wait for the end; return exit code and what was said on stderr."""
        _, said = self.process.communicate(timeout=STOP_S)
        return self.process.returncode, said

    def left(self) -> dict[int, str]:
        """Return every process of this run."""
        return marked(self.mark)

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment as another terminal gets it by `. .orderhook/env`."""
        script = f". {self.folder}/.orderhook/env; env -0"
        run = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        return dict(line.split("=", 1) for line in run.stdout.split("\0") if line)

    def ports(self) -> list[int]:
        """Return the ports of receiver, Redis, sandbox and console."""
        environ = self.environ
        addresses = (
            environ["ORDERHOOK_REDIS_URL"].removesuffix("/0"),
            environ["ORDERHOOK_SOURCES__INSTALLER__API__BASE_URL"],
        )
        return [
            int(environ["ORDERHOOK_RECEIVER__PORT"]),
            *(int(text.rpartition(":")[2]) for text in addresses),
            int(environ["ORDERHOOK_CONSOLE__PORT"]),
        ]

    def orderhook(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as in another terminal."""
        command = [sys.executable, "-m", "console.cli", *words]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=False, timeout=30
        )


@pytest.fixture(name="start")
def _start(tmp_path) -> Iterator:
    """Starts `orderhook dev` on free ports; whatever is left at the end is killed and fails the test."""
    started: list[Dev] = []

    def start(*options: str, environ: dict[str, str] | None = None, anywhere: bool = True) -> Dev:
        name, value = "DEV_TEST", uuid.uuid4().hex
        ports = [word for name in PORTS for word in (name, "0")] if anywhere else []
        process = subprocess.Popen(
            [sys.executable, "-m", "console.cli", "dev", *ports, *options],
            env=os.environ | {name: value, "PYTHONUNBUFFERED": "1"} | (environ or {}),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a process group of its own, as a shell would give it
        )
        started.append(Dev(process=process, folder=tmp_path, mark=f"{name}={value}"))
        return started[-1]

    yield start
    left = {pid: command for dev in started for pid, command in dev.left().items()}
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    for dev in started:
        with dev.process:  # closes its pipes
            dev.process.wait(STOP_S)
    assert {} == left


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_once_tells_every_orders_story_and_leaves_nothing_behind(start):
    """The main job on a fresh machine: an order comes in, is tagged and dispatched, and lives to its end."""
    dev = start("--once", "--orders", "2")
    out, err = dev.process.communicate(timeout=60)

    assert 0 == dev.process.returncode, out + err
    for order in ("P1-1", "P1-2"):
        story = [
            line[10:].removeprefix(order).split(maxsplit=1)
            for line in out.splitlines()
            if f"  {order} " in line
        ]
        words = [text.partition(" (")[0] for event_type, text in story if event_type == "order.created"]
        assert ["accepted", 'tag "imported" assigned', "order dispatched", "succeeded"] == words
        assert "order.completed" == story[-1][0]
    assert "2 of 2 orders completed" in out
    assert "10 accepted = 2 succeeded + 8 ignored + 0 dead + 0 discarded + 0 in flight  holds" in out
    assert {"order.create": 2, "tag.create": 1, "tag.assign": 2, "order.dispatch": 2} == _effects(dev)
    until(lambda: not dev.left(), what="every process has ended")


def _effects(dev: Dev) -> Counter[str]:
    """Return what was done, counted where it was done: by the sandbox, not by what we say of it."""
    lines = (dev.folder / ".orderhook" / "effects.jsonl").read_text().splitlines()
    return Counter(json.loads(line)["effect"] for line in lines)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=lambda sign: sign.name)
def test_a_signal_to_the_whole_group_stops_everything_in_order(start, sign):
    """A terminal sends Ctrl-C to every process of its group; no port may stay taken, and no process alive."""
    dev = start("--orders", "1")
    dev.read_until("order dispatched")
    ports = dev.ports()
    assert [True] * 4 == [_listens(port) for port in ports]
    assert len(dev.left()) >= 7  # ourselves, Redis, receiver, supervisor, worker, console, sandbox

    os.killpg(dev.process.pid, sign)
    code, said = dev.end()

    assert 0 == code, said
    assert "stopping" in said
    until(lambda: not dev.left(), what="every process has ended")
    assert [False] * 4 == [_listens(port) for port in ports]
    assert not (dev.folder / ".orderhook" / "env").exists()


def test_a_signal_during_the_start_leaves_nothing_behind(start):
    """Ctrl-C is pressed when something looks wrong, and that is early."""
    dev = start()
    until(lambda: len(dev.left()) >= 2, what="something was started")

    os.killpg(dev.process.pid, signal.SIGINT)
    dev.end()

    until(lambda: not dev.left(), what="every process has ended")


def test_a_kill_leaves_nothing_behind(start):
    """Not even SIGKILL may orphan a Redis that holds the data folder."""
    dev = start("--orders", "1")
    dev.read_until("accepted")

    dev.process.kill()
    dev.end()

    until(lambda: not dev.left(), within_s=STOP_S, what="every process has ended")


def test_a_child_that_dies_ends_everything_with_its_name_and_its_log(start):
    """Half a system that looks whole is the worst kind of down."""
    dev = start("--orders", "0")
    until(
        lambda: any(" sandbox " in command for command in dev.left().values()), what="the sandbox was started"
    )
    until(
        lambda: (dev.folder / ".orderhook" / "env").exists() and _listens(dev.ports()[2]),
        what="the sandbox answers",
    )
    (victim,) = [pid for pid, command in dev.left().items() if " receiver" in command]

    os.kill(victim, signal.SIGKILL)
    code, said = dev.end()

    assert 1 == code
    assert "the receiver ended by itself (signal SIGKILL); its log ends:" in said
    assert "Traceback" not in said


def test_other_commands_reach_the_run_and_find_it_well(start):
    """`. .orderhook/env` in another terminal, and the operators' commands work, and the REST API."""
    dev = start("--orders", "1")
    dev.read_until("order.completed           ignored")

    doctor = dev.orderhook("doctor", "--json")
    audit = dev.orderhook("audit")
    sent = dev.orderhook("send", "order.created", "--source", "installer")

    verdicts = {row["check"]: row["verdict"] for row in map(json.loads, doctor.stdout.splitlines())}
    assert {"ok"} == set(verdicts.values()), doctor.stdout
    assert {"workers", "API installer", "receiver"} <= set(verdicts)
    assert (0, 0, 0) == (doctor.returncode, audit.returncode, sent.returncode)
    caller = Caller(port=dev.ports()[3], token=dev.environ["CONSOLE_TOKEN"])
    assert 200 == caller.get("/api/v1/tokens").status
    os.killpg(dev.process.pid, signal.SIGINT)
    _, told = dev.end()
    assert f"/api/openapi.json, token {caller.token}" in told


def test_a_second_run_finds_its_data_and_does_not_run_beside_the_first(start):
    """What was recorded yesterday is there today; two servers on one folder would ruin it."""
    first = start("--orders", "1")
    first.read_until("order.created             succeeded")
    code, said = start().end()
    assert 2 == code
    assert "another orderhook dev runs" in said
    os.killpg(first.process.pid, signal.SIGINT)
    first.end()

    second = start("--orders", "0")
    until(
        lambda: (second.folder / ".orderhook" / "env").exists() and _listens(second.ports()[2]),
        what="it is up",
    )
    found = second.orderhook("events", "list", "--type", "order.created", "--json")

    assert ["succeeded"] == [json.loads(line)["status"] for line in found.stdout.splitlines()]
    os.killpg(second.process.pid, signal.SIGINT)
    second.end()


@pytest.mark.parametrize("option", PORTS)
def test_a_taken_port_is_said_before_anything_starts(start, option):
    """Port 8000 is everybody's favourite."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        others = [word for name in PORTS if name != option for word in (name, "0")]
        dev = start(option, port, *others, anywhere=False)
        code, said = dev.end()

    assert 2 == code
    assert f"port {port}" in said
    assert option in said
    assert not (dev.folder / ".orderhook").exists()


def test_a_configuration_of_ones_own_is_used_and_checked_first(start, tmp_path):
    """A mistake in it is shown as any command shows it, before a process trips over it."""
    source = 'system = "installer"\nscheme = { type = "github", secrets = ["env:S"] }\n'
    api = 'api = { base_url = "https://api.example.com", token = "env:T" }\n'
    (tmp_path / "orderhook.toml").write_text(f"[sources.mine]\n{source}{api}\n[worker]\nconcurency = 3\n")

    code, said = start().end()

    assert 2 == code
    assert "worker.concurency: an unknown key" in said


def test_a_redis_of_the_users_own_is_used_and_left_alone(start, redis_url, client):
    """Whoever names a Redis has one, and does not want it stopped."""
    dev = start("--once", "--orders", "1", environ={"ORDERHOOK_REDIS_URL": redis_url})
    out, err = dev.process.communicate(timeout=60)

    assert 0 == dev.process.returncode, out + err
    assert "which the configuration names" in err
    assert client.ping()
    assert not (dev.folder / ".orderhook" / "redis").exists()
