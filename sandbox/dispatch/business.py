"""
The calls about the business itself and its API tokens.

The answers of my-business, soft-check and create are documented, and that tokens have a description, a creation date
and a last use; the bodies and the wire form of tokens are ours.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ..bodies import read
from ..operations import Answer, Call, Handler
from ..times import whole_seconds
from .bodies import Address, Body, Email, Guid, Text
from .envelope import DONE, created, data
from .world import Entity, World, found

_SHOWN = ("guid", "name", "email", "phone", "address", "settings")


class BusinessSettings(Body):
    """
    The settings of a business.
    """

    timezone: Text = "Europe/Oslo"
    currency: str = Field(default="NOK", pattern=r"^[A-Z]{3}$")


class NewBusiness(Body):
    """
    The body of create_business.
    """

    name: Text
    email: Email
    phone: str | None = None
    address: Address = Address()
    settings: BusinessSettings = BusinessSettings()


class BusinessChange(NewBusiness):
    """
    The body of update_business; the guid in it is documented.
    """

    guid: Guid
    name: Text = ""
    email: Email = ""


class Business:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "my_business": self._mine,
            "create_business": self._create,
            "update_business": self._update,
            "soft_check": self._soft_check,
            "default_configuration": self._default_configuration,
            "generate_api_token": self._generate_token,
            "list_api_tokens": self._list_tokens,
        }

    def _mine(self, _: Call) -> Answer:
        mine = next(iter(self._world.businesses.values()))
        return data({name: mine[name] for name in _SHOWN})

    def _create(self, call: Call) -> Answer:
        business = self._world.add(self._world.businesses, **read(NewBusiness, call).whole())
        self._world.did(call, businessId=business["guid"])
        return created({"guid": business["guid"], "name": business["name"]})

    def _update(self, call: Call) -> Answer:
        wish = read(BusinessChange, call)
        business = found(self._world.businesses, wish.guid, "Business")
        # An address or settings that are sent in part change in part.
        parts = {n: business[n] | v if isinstance(v, dict) else v for n, v in wish.said().items()}
        self._world.change(business, **parts)
        self._world.did(call, businessId=business["guid"])
        return DONE

    def _soft_check(self, call: Call) -> Answer:
        wanted = call.query.get("emailAddress", "").casefold()
        # The one answer without an envelope: documented.
        return Answer(body=any(one["email"].casefold() == wanted for one in self._world.businesses.values()))

    def _default_configuration(self, _: Call) -> Answer:
        carrier = next(iter(self._world.carriers), None)
        return data(
            {
                "defaultCarrier": carrier,
                "defaultServiceLevel": "standard",
                "labelFormat": "PDF",
                "autoAssignCarrier": False,
            }
        )

    # Tokens

    def _generate_token(self, call: Call) -> Answer:
        text = f"dsp_{self._world.ids.uuid().replace('-', '')}"
        token = self._world.add(self._world.tokens, token=text, description=call.query.get("description"))
        self._world.limiting.tokens += (text,)
        self._world.did(call, tokenId=token["guid"])
        return data({name: token[name] for name in ("guid", "token", "description", "createdAt")})

    def _list_tokens(self, _: Call) -> Answer:
        return data([self._shown(token) for token in self._world.tokens.values()])

    def _shown(self, token: Entity) -> dict[str, Any]:
        last_used = self._world.limiting.last_used.get(token["token"])
        return {
            "guid": token["guid"],
            "description": token["description"],
            "createdAt": token["createdAt"],
            "lastUsedAt": whole_seconds(last_used) if last_used else None,
        }
