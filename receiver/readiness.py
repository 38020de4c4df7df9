"""
What `/readyz` answers, from what was found. Pure.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from . import answers
from .answers import Answer
from .spool_store import Standing


def readiness(trouble: str, weak: Sequence[str], spools: Sequence[Standing]) -> Answer:
    """
    Return the answer of `/readyz`.

    Args:
        trouble: Why Redis can take no event; empty where it can.
        weak: Weaknesses of Redis that are allowed.
        spools: The spools that work. While Redis cannot, it is enough that one of them has room: a balancer that
            looked elsewhere would lose what it can take, and whose source has none is told so by a 503 of its own.
    """
    waiting = sum(spool.waiting for spool in spools)
    data: dict[str, object] = {"redis": trouble or "writable"}
    if not trouble:
        data |= {"durability": "weak", "reasons": weak} if weak else {"durability": "kept"}
    if waiting:
        oldest = min(spool.since for spool in spools if spool.waiting)
        since = datetime.fromtimestamp(oldest / 1000, UTC).isoformat(timespec="milliseconds")
        data |= {"waiting": waiting, "since": since}
    if not trouble:
        return answers.health(200, {"status": "spooling" if waiting else "ready"} | data)
    if all(spool.full for spool in spools):
        return answers.health(503, {"status": "unavailable"} | data)
    return answers.health(200, {"status": "spooling"} | data)
