"""
What stands between a client and its API: who may call now, and who hears how it went.

A protocol only, so that the client knows no Redis: `workers.budget` keeps the gate of a worker. A command that makes
one call has no budget to keep, and passes by `OpenGate`.
"""

from typing import Protocol

from .limits import Window


class Gate(Protocol):
    """One API's gate. Every call that `enter` lets through ends in one of the other five."""

    async def enter(self) -> bool:
        """
        Wait for permission, but never for long; return whether this call is to show if a broken API is back.

        Raises:
            RateLimited, CircuitOpen, Unauthorized: No call now; the failure says when, and uses no attempt.
        """

    async def passed(self, said: Window | None, *, probe: bool) -> None:
        """Hear of an answer, whatever it was: the API is there. *said* is what it advertises."""

    async def failed(self, words: str, said: Window | None = None, *, probe: bool) -> None:
        """Hear of a failure that is the API's own: 5xx, no answer, no connection; *said* as in `passed`."""

    async def limited(self, wait_s: float | None, said: Window | None, *, probe: bool) -> float | None:
        """Hear of a 429 and the wait it asks for; return in how many seconds the caller's own moment is, if known."""

    async def refused(self, said: Window | None = None) -> float | None:
        """Hear of a token that is refused and cannot be renewed; return the caller's own moment, as for a 429."""

    def abandoned(self, words: str) -> None:
        """Hear of a call that was given up from outside after a long silence."""


class OpenGate:
    """Lets everybody through and hears nothing."""

    async def enter(self) -> bool:
        return False

    async def passed(self, said: Window | None, *, probe: bool) -> None:
        pass

    async def failed(self, words: str, said: Window | None = None, *, probe: bool) -> None:
        pass

    async def limited(self, wait_s: float | None, said: Window | None, *, probe: bool) -> float | None:
        del wait_s, said, probe
        return None

    async def refused(self, said: Window | None = None) -> float | None:
        del said
        return None

    def abandoned(self, words: str) -> None:
        pass
