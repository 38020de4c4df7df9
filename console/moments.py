"""
Points in time as operators write and read them: `2h`, `7d`, `2026-11-21`, `2026-11-21T10:15`; shown in local time.

Pure: the time now is an argument. A relative time is resolved once, when a command starts, and then stands still.
"""

import re
from datetime import UTC, datetime

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RELATIVE = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)

EXPECTED = "a time ago such as 30m, 2h or 7d, or a time such as 2026-11-21 or 2026-11-21T10:15"

EXPECTED_SPAN = "a time such as 12h, 90d or 52w"


def read_span(text: str) -> int:
    """
    Return how long *text* means, in milliseconds.

    Raises:
        ValueError: It means none; the message says what was expected.

    """
    found = _RELATIVE.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise ValueError(f"{text!r} is no length of time; expected {EXPECTED_SPAN}")
    return int(found[1]) * _UNITS_S[found[2]] * 1000


def resolve(text: str, *, now_ms: int) -> int:
    """
    Return the time that *text* means, in milliseconds since 1970; without a zone it is local.

    Raises:
        ValueError: It means none; the message says what was expected.

    """
    if relative := _RELATIVE.fullmatch(text.strip()):
        return now_ms - int(relative[1]) * _UNITS_S[relative[2]] * 1000
    try:
        return int(datetime.fromisoformat(text.strip()).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no time; expected {EXPECTED}") from None


def local(milliseconds: int) -> datetime:
    """
    Return a time of a record in the zone of this machine.
    """
    return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone()


def clock(milliseconds: int) -> str:
    """
    Return the time of day: `10:15:02`.
    """
    return local(milliseconds).strftime("%H:%M:%S")


def stamp(milliseconds: int) -> str:
    """
    Return day and time: `2026-11-21 10:15:02`; a dash for a time that has not come.
    """
    return local(milliseconds).strftime("%Y-%m-%d %H:%M:%S") if milliseconds else "-"


def iso(milliseconds: int) -> str | None:
    """
    Return a time as data has it, ISO 8601 in UTC with milliseconds; None for a time that has not come.
    """
    if not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def precise(milliseconds: int) -> str:
    """
    Return day and time with milliseconds: `2026-11-21 10:15:02.123`.
    """
    return local(milliseconds).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def span(milliseconds: float) -> str:
    """
    Return a duration in its largest fitting unit: `84 ms`, `1.4 s`, `12 min`, `3.5 h`, `2.1 d`.
    """
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    for limit, size, unit in ((90, 1, "s"), (5_400, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 86_400:.1f}".removesuffix(".0") + " d"
