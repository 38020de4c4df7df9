"""
Makes what the actions of one shift share, of the settings: the `Kit`.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping

from .actions import Kit, OrderApi
from .mail import Postman, addresses
from .mail_settings import EmailSettings
from .settings import WorkerSettings

#: How much of a step's time a letter may take, so that its own deadline comes first and says what happened.
SHARE = 0.9


@contextlib.asynccontextmanager
async def keeping(settings: WorkerSettings, *, apis: Mapping[str, OrderApi]) -> AsyncIterator[Kit]:
    """Yield the kit; what it holds open is closed at the end."""
    longest_s = SHARE * settings.worker.call_deadline_s
    yield Kit(
        shelf=settings.shelf,
        mailer=_postman(settings.email, longest_s) if settings.email else None,
        apis=apis,
    )


def _postman(settings: EmailSettings, longest_s: float) -> Postman:
    return Postman(
        server=settings.server,
        sender=addresses.sender(settings.sender),
        deadline_s=min(settings.timeout_s, longest_s),
        at_once=settings.concurrency,
    )
