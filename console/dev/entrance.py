"""
The token of a run: made anew each time, so that none lies about that opens anything later.
"""

from receiver import store

from ..access import REDIS_TIMEOUT_S, now_ms
from ..scopes import Scope
from ..tokens import Tokens

#: What it is called; the one of the last run is taken back.
NAME = "dev"
_LASTS_MS = 7 * 24 * 60 * 60 * 1000


def new_token(redis_url: str) -> str:
    """
    Return a token of the console's REST API that may do everything, for a week.
    """
    with store.client(redis_url, timeout_s=REDIS_TIMEOUT_S) as client:
        tokens, now = Tokens(client), now_ms(client)
        tokens.revoke(NAME)
        text, _ = tokens.create(NAME, Scope.ADMIN, by="orderhook dev", now=now, expires=now + _LASTS_MS)
    return text
