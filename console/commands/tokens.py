"""
`orderhook tokens`: who may call the console's REST API.

Whoever reaches Redis may make tokens: the first one comes from here. Each change stands in the trail of changes.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence

import redis

from .. import moments, render, tokens
from ..access import now_ms, redis_of
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..render import Piece
from ..scopes import Scope
from ..story import Tone
from ..tokens import NAME, NameTaken, Token, Tokens
from ..trail import Outcome, Trail


def create(desk: Desk, name: str, scope: Scope, *, expires: str, why: str, as_jsonl: bool) -> None:
    """
    Make a token and print it.

    Raises:
        Misuse: Name or time cannot be used.
        Failed: There is a token of that name.

    """
    if not re.fullmatch(NAME, name):
        raise Misuse(f"{name!r} is no name of a token; expected letters, digits and . _ @ -, at most 64")
    lifetime = _lifetime(expires)
    with redis_of(desk) as client:
        now = now_ms(client)
        until = now + lifetime if lifetime else 0
        with _on_record(client, desk, what="createToken", why=why, name=name, scope=scope.value):
            text, made = _made(client, desk, name, scope, now=now, expires=until)
    if as_jsonl:
        render.json_line({"token": text, **as_json(made, now)})
    else:
        render.data(text)
        render.talk("shown this once; send it as `Authorization: Bearer TOKEN`")


def _lifetime(text: str) -> int:
    try:
        return tokens.lifetime(text) if text else 0
    except ValueError as error:
        raise Misuse(f"--expires: {error}") from error


def _made(
    client: "redis.Redis", desk: Desk, name: str, scope: Scope, *, now: int, expires: int
) -> tuple[str, Token]:
    try:
        return Tokens(client).create(name, scope, by=desk.operator, now=now, expires=expires)
    except NameTaken:
        raise Failed(f"there is a token {name!r}; `orderhook tokens revoke {name}` takes it back") from None


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print all tokens.
    """
    with redis_of(desk) as client:
        found, now = Tokens(client).all(), now_ms(client)
    if as_jsonl:
        for one in found:
            render.json_line(as_json(one, now))
    elif found:
        render.table(
            ("NAME", "SCOPE", "CREATED", "BY", "EXPIRES", "LAST USED"), [_row(one, now) for one in found]
        )
    else:
        render.talk("no tokens; `orderhook tokens create NAME --scope read` makes one")


def revoke(desk: Desk, name: str, *, why: str) -> None:
    """
    Take a token back.

    Raises:
        NotFound: There is none of that name.

    """
    with redis_of(desk) as client, _on_record(client, desk, what="revokeToken", why=why, name=name):
        if not Tokens(client).revoke(name):
            raise NotFound(f"no token {name!r}; `orderhook tokens list` shows what is there")
    render.data(f"{name}  revoked")


@contextlib.contextmanager
def _on_record(client: "redis.Redis", desk: Desk, *, what: str, why: str, **facts: str) -> Iterator[None]:
    """
    Note a change in the trail of changes, before it is made and after.
    """
    trail = Trail(client)
    entry = trail.begin(at=now_ms(client), by=desk.operator, what=what, why=why, path="command line")
    try:
        yield
    except (Failed, NotFound):
        trail.end(entry, Outcome.REFUSED, facts=facts)
        raise
    trail.end(entry, Outcome.DONE, facts=facts)


def _row(one: Token, now: int) -> Sequence[Piece]:
    ends = moments.stamp(one.expires) if one.expires else "never"
    return (
        one.name,
        one.scope.value,
        moments.stamp(one.created),
        one.by,
        (f"{ends} (expired)", Tone.WARN) if one.expired(now) else ends,
        moments.stamp(one.used) if one.used else "never",
    )


def as_json(one: Token, now: int) -> dict[str, object]:
    """
    Return a token as `--json` shows it: camelCase names and ISO times, absent ones left out.
    """
    times = {"createdAt": one.created, "expiresAt": one.expires, "lastUsedAt": one.used}
    return {
        "name": one.name,
        "scope": one.scope.value,
        "createdBy": one.by,
        "expired": one.expired(now),
        **{name: moments.iso(at) for name, at in times.items() if at},
    }
