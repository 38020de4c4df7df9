"""
The wish to end, from the terminal or from whoever sends SIGTERM: noted, and acted on where it suits.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stop:
    """
    Takes signals for as long as its context is open: a Ctrl-C interrupts nothing, so nothing is left half started.
    """

    asked: bool = False
    _before: Sequence[Any] = field(default=())

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._ask) for number in _SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
