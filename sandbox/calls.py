"""
A short memory of the API calls, for debugging: what was asked, what was answered, which faults struck.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """
    One call, filled in while it is served.
    """

    at: str
    operation: str
    method: str
    path: str
    idempotency_key: str | None
    #: None: the caller got no answer, by a fault or because it went away.
    status: int | None = None
    #: Answered from memory by its Idempotency-Key, without an effect.
    absorbed: bool = False
    faults: list[str] = field(default_factory=list)
    duration_ms: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "idempotencyKey": self.idempotency_key,
            "status": self.status,
            "absorbed": self.absorbed,
            "faults": self.faults,
            "durationMs": round(self.duration_ms, 1),
        }


class Calls:
    """
    The last calls, and counts of all of them.
    """

    def __init__(self, *, kept: int) -> None:
        self._ring: deque[CallRecord] = deque(maxlen=kept)
        self.total = 0
        self.absorbed = 0

    def add(self, record: CallRecord) -> None:
        self._ring.append(record)
        self.total += 1

    def absorb(self, record: CallRecord) -> None:
        record.absorbed = True
        self.absorbed += 1

    def to_json(self) -> list[dict[str, Any]]:
        return [record.to_json() for record in self._ring]

    def forget(self) -> None:
        self._ring.clear()
        self.total = self.absorbed = 0
