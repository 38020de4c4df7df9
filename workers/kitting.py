"""
Makes what the actions of one shift share, of the settings: the `Kit`.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping

import redis.asyncio as aredis

from .actions import Kit, OrderApi
from .download_settings import DownloadSettings
from .downloads import Downloads
from .egress import open_session
from .mail import Postman, addresses
from .mail_settings import EmailSettings
from .push.pusher import PushServices
from .push_settings import PushSettings
from .settings import WorkerSettings

#: How much of a step's time a letter or a message may take, so that its own deadline comes first and says why.
SHARE = 0.9


@contextlib.asynccontextmanager
async def keeping(
    settings: WorkerSettings, *, redis: "aredis.Redis", apis: Mapping[str, OrderApi]
) -> AsyncIterator[Kit]:
    """Yield the kit; what it holds open is closed at the end."""
    longest_s = SHARE * settings.worker.call_deadline_s
    async with contextlib.AsyncExitStack() as stack:
        pusher = None
        if settings.push:
            pusher = await stack.enter_async_context(_pushing(settings.push, redis, longest_s))
        yield Kit(
            shelf=settings.shelf,
            mailer=postman(settings.email, longest_s) if settings.email else None,
            pusher=pusher,
            downloader=await stack.enter_async_context(_downloading(settings.downloads, longest_s)),
            apis=apis,
        )


def postman(settings: EmailSettings, longest_s: float) -> Postman:
    """Return who sends the letters; none of them may take longer than that."""
    return Postman(
        server=settings.server,
        sender=addresses.sender(settings.sender),
        deadline_s=min(settings.timeout_s, longest_s),
        at_once=settings.concurrency,
    )


@contextlib.asynccontextmanager
async def _pushing(
    settings: PushSettings, redis: "aredis.Redis", longest_s: float
) -> AsyncIterator[PushServices]:
    async with open_session(allow_private=settings.allow_private) as session:
        yield PushServices(
            redis=redis,
            session=session,
            signer=settings.signer,
            allowed=settings.allowed,
            deadline_s=longest_s,
            timeout_s=min(settings.timeout_s, longest_s),
        )


@contextlib.asynccontextmanager
async def _downloading(settings: DownloadSettings, longest_s: float) -> AsyncIterator[Downloads]:
    async with open_session(allow_private=settings.allow_private) as session:
        yield Downloads(
            session=session,
            allow_private=settings.allow_private,
            hosts=settings.hosts,
            deadline_s=min(settings.timeout_s, longest_s / 2),  # the upload takes its time, too
        )
