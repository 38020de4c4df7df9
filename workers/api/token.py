"""
The bearer token of one API, as this process knows it.

No API of ours documents a way to refresh a token: a new one is made by a person, or by a command of the operator's, and
put where the configuration's reference points. So what is done about a token that is refused is to read that reference
again, and, where there is such a command, to have it run.
"""

import asyncio
from collections.abc import Callable

import structlog

from receiver.secrets import Secret, SecretError

from .renewal import Renewal

log = structlog.get_logger()


class Token:
    """The token in use; build one per API and share it among its clients."""

    def __init__(
        self, secret: Secret, read: Callable[[], Secret] | None = None, renewal: Renewal | None = None
    ) -> None:
        """
        Args:
            read: Reads the reference again; may block. Without it the token is what it is.
            renewal: What puts a new token there.
        """
        self._secret = secret
        self._read = read
        self._renewal = renewal
        self._reading = asyncio.Lock()

    @property
    def value(self) -> str:
        return self._secret.reveal()

    async def renewed(self, refused: str) -> bool:
        """
        Return whether there is another token by now than the one that was refused.

        Many calls are refused at once; one of them reads, the others wait for what it finds.
        """
        async with self._reading:
            if self.value == refused:
                await self._sought(refused)
                if self.value != refused:
                    log.info("token.renewed", reference=self._secret.reference)
        return self.value != refused

    async def close(self) -> None:
        """Wait for a renewal that this process is at: it needs its Redis to the end."""
        if self._renewal is not None:
            await self._renewal.over()

    async def _sought(self, refused: str) -> None:
        async def found() -> bool:
            await self._look()
            return self.value != refused

        if not await found() and self._renewal is not None:
            await self._renewal.run(found)

    async def look_again(self) -> None:
        """Read the reference, whether or not anybody has refused the token."""
        async with self._reading:
            await self._look()

    async def _look(self) -> None:
        if self._read is None:
            return
        try:
            self._secret = await asyncio.to_thread(self._read)
        except SecretError as error:
            log.warning("token.unreadable", reference=self._secret.reference, error=str(error))
