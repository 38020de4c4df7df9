"""
How the sandbox writes times: ISO 8601 in UTC with a Z, as the documented samples do.
"""

from datetime import UTC, datetime


def whole_seconds(moment: datetime) -> str:
    """
    Write a time as the vendor's samples do: `2025-01-15T10:30:00Z`.
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(moment: datetime) -> str:
    """
    Write a time for our own records.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
