"""
One line per delivery, written many at a time: a log call for each would cost as much as the rest of the request.

On a terminal a line reads `10:15:02 delivery shop accepted 202 evt_1 1.4 ms`;
elsewhere it is JSON with the same fields.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

#: Lines wait at most this long, in seconds, and at most this many of them.
FLUSH_S = 0.05
FLUSH_LINES = 200
#: Longest text of a sender that goes into a line, in characters.
MAX_TEXT = 200


class Delivery(msgspec.Struct, frozen=True):
    """What is said of one delivery; *started* is `time.perf_counter()` when it came in."""

    source: str
    outcome: str
    status: int
    event_id: str
    detail: str
    started: float


class _Line(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="event", tag="delivery"):
    """The fields of a line in their order; what is empty is left out."""

    at: datetime
    source: str = ""
    outcome: str
    status: int
    event_id: str = ""
    detail: str = ""
    duration_ms: float


_encode = msgspec.json.Encoder().encode


def as_json(delivery: Delivery, *, now: float, elapsed_s: float) -> str:
    """Return the line as JSON, without control characters even where it is read as plain text."""
    line = _Line(
        at=datetime.fromtimestamp(now, UTC),
        source=plain(delivery.source),
        outcome=delivery.outcome,
        status=delivery.status,
        event_id=delivery.event_id,
        detail=plain(delivery.detail),
        duration_ms=round(elapsed_s * 1000, 2),
    )
    return _encode(line).decode()


def as_text(delivery: Delivery, *, now: float, elapsed_s: float) -> str:
    """Return the line for a person; what is not printable shows as an escape."""
    at = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    words = (delivery.source, delivery.outcome, str(delivery.status), delivery.event_id, delivery.detail)
    shown = " ".join(plain(word) for word in words if word)
    return f"{at} delivery {shown} {elapsed_s * 1000:.1f} ms"


def plain(text: str) -> str:
    """Return a sender's text cut short, and with escapes for what is not printable, such as line ends."""
    cut = text[:MAX_TEXT]
    return cut if cut.isprintable() else cut.encode("unicode_escape").decode()


class DeliveryLog:
    """Collects lines and writes them together; `flush` writes what waits."""

    def __init__(self, write: Callable[[str], object] | None = None, *, terminal: bool | None = None) -> None:
        self._write = write or sys.stderr.write
        self._line = as_text if (sys.stderr.isatty() if terminal is None else terminal) else as_json
        self._lines: list[str] = []
        self._planned: asyncio.TimerHandle | None = None

    def add(self, delivery: Delivery) -> None:
        """Take one delivery; it is written within FLUSH_S."""
        elapsed = time.perf_counter() - delivery.started
        self._lines.append(self._line(delivery, now=time.time(), elapsed_s=elapsed))
        if len(self._lines) >= FLUSH_LINES:
            self.flush()
        elif self._planned is None:
            self._planned = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
        lines, self._lines = self._lines, []
        if lines:
            # Whoever read the log may be gone; the deliveries are recorded all the same.
            with contextlib.suppress(OSError):
                self._write("\n".join(lines) + "\n")


class Silence(DeliveryLog):
    """Writes nothing: `log_deliveries = false`."""

    def add(self, delivery: Delivery) -> None:
        """Drop the line."""
