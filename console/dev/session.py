"""
One run of `orderhook dev`, from the first check to the last process that is stopped.
"""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from receiver import store
from receiver.config import RawConfig, read_config
from receiver.settings import receiver_settings
from workers.settings import worker_settings

from ..access import REDIS_TIMEOUT_S, now_ms
from ..desk import Desk
from ..embedded import RedisServer, free_port
from ..errors import Failed
from ..exit_codes import ExitCode
from ..http import call
from ..ports import check_free
from ..settings import console_settings
from . import ending, household, stage
from .entrance import new_token
from .folder import Folder
from .household import Running
from .scene import Demo, Scene
from .stage import Addresses
from .stop import Stop
from .telling import Teller

EXAMPLE = Path(__file__).parents[1] / "example.toml"

#: Seconds between two looks at the inbox and at the processes.
TICK_S = 0.2
#: Seconds that `--once` waits for the orders.
DEADLINE_S = 60.0


def run(desk: Desk, demo: Demo) -> int:
    """
    Run the demonstration; return the exit code.

    Raises:
        ConfigError: The configuration cannot be used.
        Misuse: A port or the folder is taken.
        Failed: A process did not start, or ended by itself.

    """
    raw = _configuration(desk)
    source = stage.played_source(raw, demo.source)
    ports = _ports(demo)
    folder = Folder(path=demo.folder)
    with Stop() as stop, folder.locked(), contextlib.ExitStack() as stack:
        server = _own_redis(raw, folder)
        redis_url = server.url if server else console_settings(raw).redis_url
        addresses = Addresses(
            redis_url=redis_url, receiver_port=ports[0], sandbox_port=ports[1], console_port=ports[2]
        )
        stack.callback(folder.forget_env)
        environ = _environ(raw, addresses, folder)
        _check(environ)
        if server:
            stack.callback(server.stop)
            _start(server)
        token = new_token(redis_url)
        folder.add_to_env(stage.CONSOLE_TOKEN_VARIABLE, token)
        ending.introduce(source, folder, addresses, token, config=raw.path, own_redis=server is not None)
        scene = Scene(
            demo=demo,
            source=source,
            dispatch_source=stage.dispatch_source(raw, source),
            folder=folder,
            addresses=addresses,
            environ=environ,
        )
        return _play(scene, stack.enter_context(household.running(scene, server, stop)), stop)


def _configuration(desk: Desk) -> RawConfig:
    """
    Read the user's own configuration, or else the example.
    """
    raw = read_config(environ=desk.environ)
    return raw if raw.path else read_config(environ=desk.environ, path=EXAMPLE)


def _ports(demo: Demo) -> tuple[int, int, int]:
    return (
        _port(demo.receiver_port, "--receiver-port"),
        _port(demo.sandbox_port, "--sandbox-port"),
        _port(demo.console_port, "--console-port"),
    )


def _port(wanted: int, option: str) -> int:
    check_free("127.0.0.1", wanted, option=option)
    return wanted or free_port()


def _own_redis(raw: RawConfig, folder: Folder) -> RedisServer | None:
    """
    Return a Redis of our own, not yet started; None where the configuration names one.
    """
    return None if "redis_url" in raw.values else RedisServer(folder=folder.redis.resolve(), tethered=True)


def _environ(raw: RawConfig, addresses: Addresses, folder: Folder) -> Mapping[str, str]:
    made_up = stage.made_up_secrets(raw, folder.secrets())
    folder.keep_secrets(made_up)
    # A variable that the user has set since wins over what was made up before.
    made_up = {name: value for name, value in made_up.items() if name not in raw.environ}
    changes = stage.changes(raw, addresses, made_up)
    folder.keep_env(changes)
    return {**raw.environ, **changes}


def _check(environ: Mapping[str, str]) -> None:
    """
    Find what is wrong with the configuration before a process trips over it.
    """
    raw = read_config(environ=environ)
    receiver_settings(raw)
    worker_settings(raw)


def _start(server: RedisServer) -> None:
    try:
        server.start()
    except (RuntimeError, OSError) as error:
        raise Failed(f"Redis does not start: {error}") from error


def _play(scene: Scene, running: Running, stop: Stop) -> int:
    with store.client(scene.addresses.redis_url, timeout_s=REDIS_TIMEOUT_S) as client:
        since = now_ms(client)
        orders = _seed(scene) if scene.demo.orders and not stop.asked else {}
        teller = Teller.of(client, orders=orders, since=since)
        started = time.monotonic()
        _follow(scene, running, teller, stop)
        if not scene.demo.once:
            return ExitCode.OK
        if stop.asked:
            return ExitCode.INTERRUPTED
        return ending.sum_up(teller, elapsed_s=time.monotonic() - started)


def _seed(scene: Scene) -> dict[str, str]:
    """
    Have the sandbox create the orders; return what people call each, by its id.
    """
    body = b'{"orders": %d}' % scene.demo.orders
    headers = [("Content-Type", "application/json")]
    reply = call("POST", f"{scene.addresses.sandbox}/_sandbox/seed", body=body, headers=headers)
    if not reply.ok:
        raise Failed(f"the sandbox refuses to make orders: {reply.status}")
    return {order["value"]: order["displayId"] for order in reply.json()["orders"]}


def _follow(scene: Scene, running: Running, teller: Teller, stop: Stop) -> None:
    """
    Tell what happens until it is to stop, or with `--once` until nothing is left to wait for.
    """
    end, said = time.monotonic() + DEADLINE_S, scene.demo.once
    while not stop.asked:
        running.check()
        teller.look()
        if teller.progress.over and not said:
            ending.say_completed(teller.progress)
            said = True
        if scene.demo.once and (teller.progress.over or time.monotonic() > end):
            return
        time.sleep(TICK_S)
