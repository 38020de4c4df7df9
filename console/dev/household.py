"""
All processes of a run together: which there are, in which order they start and stop, and whether all are alive.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .. import render
from ..embedded import RedisServer
from ..errors import ConsoleError, Failed
from ..http import call
from . import stage
from .children import Child, start, stop_all
from .scene import Scene
from .stop import Stop

#: Seconds that a process may take to answer, and between two questions whether it does.
START_S = 20.0
TICK_S = 0.05
#: Seconds in which everything but Redis, which is quick, is stopped.
STOP_S = 13.0
#: Seconds after which an order in the sandbox takes its next step.
STEP_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """
    The processes of a run.
    """

    children: Sequence[Child]
    server: RedisServer | None

    def check(self) -> None:
        """
        Raise Failed where one of them has ended.
        """
        if self.server and self.server.process and self.server.process.poll() is not None:
            raise Failed(f"Redis ended by itself; its log is {self.server.folder / 'redis.log'}")
        for child in self.children:
            child.check()


@contextlib.contextmanager
def running(scene: Scene, server: RedisServer | None, stop: Stop) -> Iterator[Running]:
    """
    Start the processes; at the end stop them in order: first what sends, then what takes in, then what works.
    """
    started: dict[str, Child] = {}
    try:
        cast = list(_cast(scene))
        for name, arguments, _ in cast:
            if stop.asked:
                break
            log = scene.folder.log(name)
            started[name] = start(name, arguments, environ=scene.environ, log=log, grace_s=10.0)
        # All at once, since each takes a second or two to load what it is made of.
        for name, _, probe in cast:
            if name in started:
                _await(started[name], probe, stop)
        yield Running(children=tuple(started.values()), server=server)
    finally:
        render.talk("stopping")
        in_order = ("sandbox", "receiver", "worker", "console")
        stop_all([started[name] for name in in_order if name in started], within_s=STOP_S)


def _cast(scene: Scene) -> Iterator[tuple[str, Sequence[str], str]]:
    """
    Yield command, arguments and the address to be asked whether it is there, in the order of their start.
    """
    addresses = scene.addresses
    yield "receiver", (), f"{addresses.receiver}/readyz"
    yield "worker", ("--processes", "1"), ""
    yield "console", (), f"{addresses.console}/readyz"
    arguments = {
        "--port": str(addresses.sandbox_port),
        "--webhook-url": f"{addresses.receiver}/webhooks/{scene.source}",
        "--source": scene.source,
        "--token": f"env:{stage.TOKEN_VARIABLE}",
        "--auto-advance": str(STEP_S),
        "--effects-file": str(scene.folder.effects),
    }
    if scene.dispatch_source:
        arguments["--dispatch-webhook-url"] = f"{addresses.receiver}/webhooks/{scene.dispatch_source}"
        arguments["--dispatch-source"] = scene.dispatch_source
    yield "sandbox", [part for pair in arguments.items() for part in pair], f"{addresses.sandbox}/_sandbox"


def _await(child: Child, probe: str, stop: Stop) -> None:
    """
    Return when the process answers, or when it shall stop.

    Raises:
        Failed: It has ended, or does not answer in time.

    """
    end = time.monotonic() + START_S
    while probe and not stop.asked and not _answers(probe):
        child.check()
        if time.monotonic() > end:
            raise Failed(f"the {child.name} does not answer at {probe}; its log is {child.log}")
        time.sleep(TICK_S)


def _answers(url: str) -> bool:
    try:
        return call("GET", url, timeout_s=2).ok
    except ConsoleError:
        return False
