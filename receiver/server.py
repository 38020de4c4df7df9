"""
The receiver as a process: checks what Redis promises, then serves until SIGTERM, finishing what is in flight.

The HTTP parser is pinned to httptools: h11 accepts a request with both Content-Length and Transfer-Encoding.
"""

import redis
import structlog
import uvicorn

from . import store
from .app import create_app
from .settings import ReceiverSettings
from .store import WeakDurability

log = structlog.get_logger()


def run(settings: ReceiverSettings) -> None:
    """
    Serve until a signal.

    Raises:
        WeakDurability: Redis does not give what a source asks for.
    """
    check_store(settings)
    section = settings.receiver
    config = uvicorn.Config(
        create_app(settings),
        host=section.host,
        port=section.port,
        http="httptools",
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(section.stop_grace_s),
        backlog=2048,
    )
    uvicorn.Server(config).run()


def check_store(settings: ReceiverSettings) -> None:
    """
    Compare what Redis gives with what the sources ask for.

    A Redis that is down does not stop the start: the receiver answers 503 until it is there.

    Raises:
        WeakDurability: It answers, and does not give it.
    """
    wants_disk = any(source.durability == "disk" for source in settings.sources.values())
    try:
        with store.client(settings.redis_url, timeout_s=settings.receiver.commit_timeout_s) as client:
            facts = store.read_facts(client)
    except redis.RedisError as error:
        log.error("receiver.redis_unreachable", error=str(error), meaning="deliveries get 503 until it answers")
        return
    if problems := store.check(facts, wants_disk=wants_disk):
        raise WeakDurability("; ".join(problems))
