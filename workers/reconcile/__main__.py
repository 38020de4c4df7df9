"""
One comparison as a process: `python -m workers.reconcile SOURCE WORKER_PID`.
"""

import asyncio
import signal
import sys

import redis
import structlog

from receiver import keys, logs, store
from receiver.settings import ConfigError

from ..failures import Failure
from ..parenthood import end_with_parent
from ..plant import plant
from .feeding import NoIdentity
from .listing import CannotList
from .sources import REDIS_TIMEOUT_S, reconcile_source

log = structlog.get_logger()


def main() -> int:
    """Compare the source, and leave what came of it in Redis and in the log."""
    logs.set_up()
    source, parent = sys.argv[1], int(sys.argv[2])
    end_with_parent(signal.SIGTERM, parent)
    try:
        tools = plant()
        with store.client(tools.settings.redis_url, timeout_s=REDIS_TIMEOUT_S) as client:
            return _compare(client, source)
    except (ConfigError, redis.RedisError, OSError) as error:
        log.warning("reconcile.failed", source=source, error=str(error))
        return 1


def _compare(client: "redis.Redis", source: str) -> int:
    tools = plant()
    within_s = tools.settings.reconciles[source].every_s
    try:
        report = asyncio.run(
            reconcile_source(tools.settings, client, source, folder=tools.folder, within_s=within_s)
        )
    except (CannotList, Failure, NoIdentity) as error:
        client.hset(keys.reconciled(source), "error", str(error))
        log.warning("reconcile.failed", source=source, error=str(error))
        return 1
    level = log.warning if report.missing else log.info
    level("reconcile.finished", source=source, listed=report.listed, missing=report.missing, fed=report.fed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
