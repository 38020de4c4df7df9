"""
Renewing an API's token by a command of the operator's: once, whichever worker finds the old one refused.

Owns who runs the command and who waits for it. Refuses to know tokens: the command puts the new one where the token is
read from, and its output is thrown away, since it may show it.
"""

import asyncio
import contextlib
import subprocess
import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

log = structlog.get_logger()

#: Seconds that the command may take. With the lock's wait it stays under a call's 20 s.
COMMAND_S = 10.0
#: Seconds that others wait for it, and after which a lock is nobody's: its holder was killed.
PATIENCE_S = 12.0
#: Seconds for which a command that failed is not run again: every worker's call is refused at that moment.
FAILED_S = 10.0
LOOK_EVERY_S = 0.1

_FAILED = b"failed"


class Renewal:
    """The renewal of one API's token, shared by all workers through a lock in Redis."""

    def __init__(self, redis: "aredis.Redis", key: str, command: Sequence[str], *, folder: Path) -> None:
        """
        Args:
            command: Program and arguments; no shell reads them.
            folder: Where it is run: that of the configuration.
        """
        self._redis = redis
        self._key = key
        self._command = tuple(command)
        self._folder = folder
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, found: Callable[[], Awaitable[bool]]) -> None:
        """
        Have the token renewed, here or by the worker that is at it; return when it is, or will not be.

        Args:
            found: Looks whether there is another token by now.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._while_missing(found)

    async def over(self) -> None:
        """Wait for the command that runs here, if one does; whoever asked for it may have gone."""
        await asyncio.gather(*self._running)

    async def _while_missing(self, found: Callable[[], Awaitable[bool]]) -> None:
        while not await found():
            if await self._settled(found):
                break
            await asyncio.sleep(LOOK_EVERY_S)

    async def _settled(self, found: Callable[[], Awaitable[bool]]) -> bool:
        """Run the command where nobody does; return whether there is nothing more to wait for."""
        try:
            if await self._taken():
                await self._apart(found)
                return True
            return bool(await self._redis.get(self._key) == _FAILED)
        except (RedisError, OSError) as error:
            log.warning("token.renewal_unlocked", error=str(error))
            return True

    async def _taken(self) -> bool:
        return bool(
            await self._redis.set(self._key, uuid.uuid4().hex, nx=True, px=int(2 * PATIENCE_S * 1000))
        )

    async def _apart(self, found: Callable[[], Awaitable[bool]]) -> None:
        """Run it in a task of its own: the call that began it may be given up, and nobody else may begin meanwhile."""
        task = asyncio.ensure_future(self._held(found))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def _held(self, found: Callable[[], Awaitable[bool]]) -> None:
        # Another worker may have been through with it between the look and the lock.
        done = await found() or (await asyncio.to_thread(self._executed) and await found())
        with contextlib.suppress(RedisError, OSError):  # the lock ends by itself
            if done:
                await self._redis.delete(self._key)
            else:
                await self._redis.set(self._key, _FAILED, px=int(FAILED_S * 1000))

    def _executed(self) -> bool:
        program = self._command[0]
        try:
            ended = subprocess.run(  # noqa: S603 - the operator's own command, from the configuration
                self._command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = f"not over after {COMMAND_S:g} s" if isinstance(error, subprocess.TimeoutExpired) else error
            log.error("token.renewal_failed", program=program, error=str(why))
            return False
        if ended.returncode:
            log.error("token.renewal_failed", program=program, exit_code=ended.returncode)
        return ended.returncode == 0
