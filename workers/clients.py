"""
The clients of one shift: each source's order API, behind the budget and with the token that it shares with others.
"""

import asyncio
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import aiohttp

from receiver.secrets import Secret, read_secret

from .api.installer import InstallerClient
from .api.token import Token
from .budget import Budgets
from .sections import ApiSettings

_REFERENCES = ("env:", "file:")


async def clients(
    apis: Mapping[str, ApiSettings], session: aiohttp.ClientSession, *, budgets: Budgets, folder: Path
) -> dict[str, InstallerClient]:
    """
    Make the clients by source; the session and the budgets stay the caller's.

    Args:
        folder: Where a relative `file:` token is looked for.
    """
    tokens = {secret: _token(secret, folder) for secret in {api.token for api in apis.values()}}
    # A process knows the tokens from its start; one that was replaced since would be refused in every shift anew.
    await asyncio.gather(*(token.look_again() for token in tokens.values()))
    return {
        name: InstallerClient.build(api, session, gate=budgets.by_source[name], token=tokens[api.token])
        for name, api in apis.items()
    }


def _token(secret: Secret, folder: Path) -> Token:
    if not secret.reference.startswith(_REFERENCES):
        return Token(secret)
    return Token(secret, partial(read_secret, secret.reference, environ=os.environ, folder=folder))
