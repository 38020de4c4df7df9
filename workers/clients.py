"""
The clients of one shift: each source's order API, behind the budget and with the token that it shares with others.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import aiohttp
import redis.asyncio as aredis

from receiver import keys
from receiver.secrets import Secret, read_secret

from .api.dispatch.client import DispatchClient
from .api.gate import Gate
from .api.installer import InstallerClient
from .api.renewal import Renewal
from .api.token import Token
from .budget import Budgets
from .sections import ApiSettings
from .settings import WorkerSettings

Client: TypeAlias = InstallerClient | DispatchClient

_REFERENCES = ("env:", "file:")
_SYSTEMS: Mapping[str, type[InstallerClient] | type[DispatchClient]] = {
    "installer": InstallerClient,
    "dispatch": DispatchClient,
}


@contextlib.asynccontextmanager
async def clients(
    settings: WorkerSettings,
    session: aiohttp.ClientSession,
    *,
    redis: "aredis.Redis",
    budgets: Budgets,
    folder: Path,
) -> AsyncIterator[dict[str, Client]]:
    """
    Yield the clients by source; the session and the budgets stay the caller's, and are needed until the end.

    Args:
        folder: Where a relative `file:` token is looked for.
    """
    apis = settings.apis
    # Of the sources that share a token, one that can renew it makes it.
    tokens = {
        api.token: _token(api.token, folder, _renewal(api, redis, budgets.by_source[name].terms.name, folder))
        for name, api in sorted(apis.items(), key=lambda one: one[1].renew is not None)
    }
    # A process knows the tokens from its start; one that was replaced since would be refused in every shift anew.
    await asyncio.gather(*(token.look_again() for token in tokens.values()))
    try:
        yield {
            name: client_of(settings, name, session, gate=budgets.by_source[name], token=tokens[api.token])
            for name, api in apis.items()
        }
    finally:
        await asyncio.gather(*(token.close() for token in tokens.values()))


def client_of(
    settings: WorkerSettings,
    source: str,
    session: aiohttp.ClientSession,
    *,
    gate: Gate | None = None,
    token: Token | None = None,
) -> Client:
    """Make the client of a source that has an order API, by its system; see `InstallerClient.build`."""
    kind = _SYSTEMS[str(settings.sources[source].system)]
    return kind.build(settings.apis[source], session, gate=gate, token=token)


def _token(secret: Secret, folder: Path, renewal: Renewal | None) -> Token:
    if not secret.reference.startswith(_REFERENCES):
        return Token(secret)
    read = partial(read_secret, secret.reference, environ=os.environ, folder=folder)
    return Token(secret, read, renewal)


def _renewal(api: ApiSettings, redis: "aredis.Redis", name: str, folder: Path) -> Renewal | None:
    if api.renew is None:
        return None
    return Renewal(redis, keys.renewal(name), api.renew, folder=folder)
