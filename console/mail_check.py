"""
What `orderhook doctor` says of the mail server: whether it answers, over TLS, and takes the login. No letter is sent.
"""

import asyncio
from collections.abc import Iterator

from receiver.config import ConfigError, RawConfig
from workers.failures import Failure
from workers.kitting import postman
from workers.settings import worker_settings

from .diagnoses import Check, fail, ok

TITLE = "e-mail"


def checks(raw: RawConfig) -> Iterator[Check]:
    """
    Judge the mail server, if one is configured.
    """
    try:
        settings = worker_settings(raw).email
    except ConfigError:
        return  # said already
    if settings is None:
        return
    shown = f"{settings.server.host}:{settings.server.port}"
    try:
        asyncio.run(postman(settings, settings.timeout_s).look())
    except Failure as failure:
        yield fail(
            TITLE, f"{failure.reason}: {failure.message}", "correct [email]; docs/actions/send_email.md"
        )
    else:
        login = "takes the login" if settings.user else "asks for no login"
        yield ok(TITLE, f"{shown} answers, tls = {settings.tls}, and {login}")
