"""
`/api/v1/tokens`: the tokens of this API.
"""

from typing import Any

from pydantic import Field

from .. import tokens
from ..errors import NotFound
from ..moments import EXPECTED_SPAN, iso
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import (
    Answer,
    BodyModel,
    Moment,
    NoBody,
    NoPath,
    NoQuery,
    Page,
    PageQuery,
    PathModel,
    sliced,
)
from ..tokens import NAME, NameTaken, Token, Tokens


class TokenPath(PathModel):
    """
    Which token.
    """

    name: str = Field(pattern=NAME, description="The token's name.")


class NewToken(BodyModel):
    """
    A token to be made.
    """

    name: str = Field(pattern=NAME, description="What it is for, in one word; no two have the same.")
    scope: Scope = Field(description="What it may do; each includes those before it.")
    expires: str = Field(
        default="",
        max_length=20,
        description=f"After how long it is not taken any more: {EXPECTED_SPAN}. Never if unset.",
    )
    why: str = Field(default="", max_length=500, description="Why; stands in the trail of changes.")


class TokenAnswer(Answer):
    """
    A token, without itself.
    """

    name: str = Field(description="Its name.")
    scope: Scope = Field(description="What it may do.")
    created_at: Moment | None = Field(default=None, description="When it was made.")
    created_by: str = Field(description="By whom: a token's name, or a user of the command line.")
    expires_at: Moment | None = Field(
        default=None, description="When it is not taken any more; absent for never."
    )
    expired: bool = Field(description="Whether that time has come.")
    last_used_at: Moment | None = Field(
        default=None, description="Its last use, noted at most once a minute."
    )


class MadeToken(TokenAnswer):
    """
    A token that was just made.
    """

    token: str = Field(description="The token. It is shown this once, and stored nowhere.")


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    found, now = Tokens(call.client).all(), call.now()
    shown = [TokenAnswer(**_facts(one, now)) for one in sliced(found, call.query)]
    return Page(items=shown, total=len(found))


def _create(call: Call[NoPath, NoQuery, NewToken]) -> MadeToken:
    asked, now = call.body, call.now()
    call.note(name=asked.name, scope=asked.scope)
    expires = now + _lifetime(asked.expires) if asked.expires else 0
    try:
        text, made = Tokens(call.client).create(
            asked.name, asked.scope, by=call.caller.name, now=now, expires=expires
        )
    except NameTaken:
        raise ApiError(ErrorCode.CONFLICT, f"there is a token {asked.name!r}; revoke it first") from None
    return MadeToken(token=text, **_facts(made, now))


def _lifetime(text: str) -> int:
    try:
        return tokens.lifetime(text)
    except ValueError as error:
        raise ApiError(ErrorCode.VALIDATION_FAILED, f"body: expires: {error}") from None


def _revoke(call: Call[TokenPath, NoQuery, NoBody]) -> None:
    if not Tokens(call.client).revoke(call.path.name):
        raise NotFound("there is no such token")


def _facts(one: Token, now: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "scope": one.scope,
        "created_at": iso(one.created),
        "created_by": one.by,
        "expires_at": iso(one.expires),
        "expired": one.expired(now),
        "last_used_at": iso(one.used),
    }


_TAG = "Tokens"
OPERATIONS = (
    Operation(
        name="listTokens",
        method="GET",
        path="/api/v1/tokens",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="All tokens, by name",
        about="One that has expired stays in the list for 30 days.",
        query=PageQuery,
        answer=TokenAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="createToken",
        method="POST",
        path="/api/v1/tokens",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Make a token",
        about="The answer is the only place where the token is ever shown; what is stored is its SHA-256.",
        body=NewToken,
        answer=MadeToken,
        status=201,
        errors=(ErrorCode.CONFLICT,),
        handler=_create,
    ),
    Operation(
        name="revokeToken",
        method="DELETE",
        path="/api/v1/tokens/{name}",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Revoke a token, at once and for good",
        path_model=TokenPath,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_revoke,
    ),
)
