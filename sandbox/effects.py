"""
The log of effects: what calls of the API have changed, one entry each, never merged.

A test counts here whether an effect happened once.
With a file, each effect is appended to it before the call is answered, so that the log outlives a kill.
"""

import json
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from .config import Clock
from .times import milliseconds

#: Entries kept in memory; a file keeps all.
KEPT = 500_000
#: How much of an existing file is read to find the last number.
TAIL_BYTES = 65_536


class EffectKind(StrEnum):
    """
    What a call of the Installer API can change; an effect of the Dispatch API is named by its operation.
    """

    ORDER_CREATE = "order.create"
    ORDER_DISPATCH = "order.dispatch"
    ORDER_CANCEL = "order.cancel"
    TAG_CREATE = "tag.create"
    TAG_ASSIGN = "tag.assign"
    TAG_REMOVE = "tag.remove"
    FILE_UPLOAD = "file.upload"
    FILE_ATTACH = "file.attach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """
    One change, in the order in which they happened.
    """

    seq: int
    at: str
    effect: str
    order_id: str | None
    idempotency_key: str | None
    detail: Mapping[str, Any]

    def line(self) -> bytes:
        entry = {
            "seq": self.seq,
            "at": self.at,
            "effect": self.effect,
            "orderId": self.order_id,
            "idempotencyKey": self.idempotency_key,
            "detail": self.detail,
        }
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class EffectLog:
    """
    All effects of one sandbox, numbered from 1.
    """

    def __init__(self, *, clock: Clock, file: Path | None = None) -> None:
        self._clock = clock
        self._entries: deque[Effect] = deque(maxlen=KEPT)
        self._seq = _last_seq(file) if file else 0
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if file else None

    def add(
        self,
        effect: str,
        *,
        order_id: str | None,
        idempotency_key: str | None,
        detail: Mapping[str, Any],
    ) -> None:
        """
        Record one effect that has been performed; durable against a kill when this returns.
        """
        entry = Effect(
            seq=self._seq + 1,
            at=milliseconds(self._clock()),
            effect=effect,
            order_id=order_id,
            idempotency_key=idempotency_key,
            detail=detail,
        )
        if self._file is not None:
            _write_all(self._file, entry.line())
        self._seq = entry.seq
        self._entries.append(entry)

    def since(self, seq: int) -> list[Effect]:
        return [entry for entry in self._entries if entry.seq > seq]

    def __len__(self) -> int:
        return len(self._entries)

    def forget(self) -> None:
        """
        Empty the memory. The file and the numbering go on, so that a number names one effect only.
        """
        self._entries.clear()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _write_all(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _last_seq(file: Path) -> int:
    """
    Return the number of the last effect in a file of an earlier process, 0 if there is none.
    """
    if not file.exists():
        return 0
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - TAIL_BYTES))
        lines = stream.read().splitlines()
    return max((_seq_of(line) for line in lines), default=0)


def _seq_of(line: bytes) -> int:
    # The first line of the tail may be cut.
    try:
        return int(json.loads(line)["seq"])
    except (ValueError, TypeError, KeyError):
        return 0
