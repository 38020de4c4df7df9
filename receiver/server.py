"""
The receiver as a process: checks what Redis promises, then serves until SIGTERM, finishing what is in flight.
"""

from types import FrameType

import redis
import structlog
import uvicorn

from . import durability, spool_file, store
from .app import create_app
from .health import Health
from .protocol import ReceiverProtocol
from .settings import ReceiverSettings
from .spool_store import SpoolStore

log = structlog.get_logger()

#: Seconds an idle connection is kept: longer than balancers keep theirs (60 s is common), or they would send into a
#: connection that is being closed.
KEEP_ALIVE_S = 75


class ReceiverServer(uvicorn.Server):
    """uvicorn's server, which tells `/readyz` of a signal before it acts on it."""

    def __init__(self, config: uvicorn.Config, health: Health) -> None:
        super().__init__(config)
        self._health = health

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._health.stopping = True
        super().handle_exit(sig, frame)


def run(settings: ReceiverSettings) -> None:
    """
    Serve until a signal.

    Raises:
        WeakDurability: Redis does not give what a source asks for.
        SpoolBroken: A spool cannot be used.
    """
    check_store(settings)
    check_spools(settings)
    server(settings).run()


def server(settings: ReceiverSettings) -> ReceiverServer:
    """Return the server, not yet started."""
    section = settings.receiver
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=section.host,
        port=section.port,
        http=ReceiverProtocol,
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(section.stop_grace_s),
        backlog=2048,
    )
    return ReceiverServer(config, app.state.health)


def check_store(settings: ReceiverSettings) -> None:
    """
    Compare what Redis gives with what the sources ask for.

    A Redis that is down does not stop the start: the receiver answers 503 until it is there.

    Raises:
        WeakDurability: It answers, does not give it, and the settings do not allow that.
    """
    wanted = {source.durability for source in settings.sources.values() if source.enabled}
    try:
        with store.client(settings.redis_url, timeout_s=settings.receiver.commit_timeout_s) as client:
            facts = durability.read_facts(client)
    except redis.RedisError as error:
        log.error(
            "receiver.redis_unreachable", error=str(error), meaning="deliveries get 503 until it answers"
        )
        return
    allowed = durability.judge(facts, wanted, allow_weak=settings.receiver.allow_weak_durability)
    if allowed:
        log.warning("receiver.weak_durability", reasons=allowed, meaning="allow_weak_durability is set")


def check_spools(settings: ReceiverSettings) -> None:
    """
    Make the spools that sources ask for and write to each: an outage of Redis is no time to find out.

    Raises:
        SpoolBroken: One cannot be used.
    """
    for name, source in settings.sources.items():
        if source.spool is None:
            continue
        spool = SpoolStore(source.spool, name, max_bytes=source.spool_max_bytes)
        try:
            spool.prepare()
        finally:
            spool.close()
        kind = spool_file.file_system(source.spool)
        if kind in spool_file.FORGETFUL:
            log.warning(
                "spool.forgetful",
                source=name,
                file_system=kind,
                meaning="a restart of the machine empties it",
            )
