"""
The part of the Dispatch API that is about the business behind the token, and its tokens.
"""

from typing import Any

from ..shapes import kind_of
from .door import Door
from .models import Entity, things
from .office_models import ApiToken, Business, DefaultConfiguration, NewApiToken
from .requests import BusinessDetails


class Businesses:
    """The business."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def mine(self) -> Business:
        """Return the business that the token belongs to."""
        return await self._door.read("my_business", Business.model_validate)

    async def create(self, details: BusinessDetails, *, idempotency_key: str) -> Entity:
        return await self._door.make("create_business", Entity.model_validate, details, key=idempotency_key)

    async def update(self, business_id: str, changed: BusinessDetails, *, idempotency_key: str) -> None:
        body = {"guid": business_id, **changed.body()}
        await self._door.write("update_business", body, key=idempotency_key)

    async def has_address(self, email: str) -> bool:
        """Return what the soft check answers: that `true` means that a business has the address, is ours."""
        return await self._door.bare("soft_check", _boolean, query={"emailAddress": email})

    async def default_configuration(self) -> DefaultConfiguration:
        return await self._door.read("default_configuration", DefaultConfiguration.model_validate)

    async def generate_token(self, *, description: str | None = None, idempotency_key: str) -> NewApiToken:
        """Make a token; it is a GET, and never sent twice."""
        query = {"description": description} if description else None
        return await self._door.make(
            "generate_api_token", NewApiToken.model_validate, key=idempotency_key, query=query
        )

    async def tokens(self) -> tuple[ApiToken, ...]:
        return await self._door.read("list_api_tokens", things(ApiToken.model_validate))


def _boolean(answer: Any) -> bool:
    if not isinstance(answer, bool):
        raise ValueError(f"expected a bare true or false, found {kind_of(answer)}")  # noqa: TRY004 - callers catch one class
    return answer
