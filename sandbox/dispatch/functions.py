"""
The functions of a filter, on values that JSON has; a text that is a time is read as one where a time is asked for.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any


def as_moment(value: Any) -> datetime:
    """
    Read a time; one without a zone is UTC.

    Raises:
        ValueError: it is none.

    """
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _date(value: Any) -> date:
    return as_moment(value).date()


def _part(name: str) -> Callable[[Any], int]:
    return lambda value: int(getattr(as_moment(value), name))


def _substring(text: Any, start: int, length: int | None = None) -> str:
    return _text(text)[start:][:length]


#: By their OData names.
FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "contains": lambda text, part: _text(part) in _text(text),
        "startswith": lambda text, part: _text(text).startswith(_text(part)),
        "endswith": lambda text, part: _text(text).endswith(_text(part)),
        "tolower": lambda text: _text(text).lower(),
        "toupper": lambda text: _text(text).upper(),
        "trim": lambda text: _text(text).strip(),
        "length": lambda text: len(_text(text)),
        "concat": lambda one, other: _text(one) + _text(other),
        "substring": _substring,
        "indexof": lambda text, part: _text(text).find(_text(part)),
        "year": _part("year"),
        "month": _part("month"),
        "day": _part("day"),
        "hour": _part("hour"),
        "minute": _part("minute"),
        "second": _part("second"),
        "date": _date,
        "now": lambda: datetime.now(UTC),
        "round": lambda number: math.floor(number + 0.5),
        "floor": math.floor,
        "ceiling": math.ceil,
    }
)
