"""
The sandbox's own door, `/_sandbox/...`: look at everything, move orders on, set faults, start over.

All of it is ours, and none of it asks for a token: the sandbox belongs on a loopback address.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .api import System
from .config import JSON
from .connection import can_cut
from .errors import Refusal, invalid
from .fault_set import read_faults
from .faults import ResetAfterEffect, ResetBefore
from .limiting import RateLimit, Tokens
from .operations import Operation, read_json
from .upstream import Upstream
from .wire import json_bytes, read_body

#: Orders made in one go before others get a turn.
_SEEDED_AT_ONCE = 100
_BODY_BYTES = 1_048_576


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Advance(_Body):
    """
    The body of /_sandbox/advance.
    """

    #: An order's, or a shipment's.
    order_id: str
    #: None is the next step of the life cycle.
    to: str | None = None


class Seed(_Body):
    """
    The body of /_sandbox/seed.
    """

    orders: Annotated[int, Field(ge=1, le=10_000)] = 1
    system: str | None = None


class Creation(_Body):
    """
    The body of POST /_sandbox/orders.
    """

    system: str | None = None
    #: What shall stand in the order; samples fill in the rest.
    order: Mapping[str, Any] = {}


BodyT = TypeVar("BodyT", bound=BaseModel)
Page = Callable[[Request], Awaitable[Response]]


class Control:
    """
    The pages of the door.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def routes(self) -> list[Route]:
        return [
            _route("GET", "", self._summary),
            _route("GET", "/orders", self._orders),
            _route("POST", "/orders", self._create_order),
            _route("GET", "/effects", self._effects),
            _route("GET", "/calls", self._calls),
            _route("GET", "/deliveries", self._deliveries),
            _route("GET", "/faults", self._faults),
            _route("PUT", "/faults", self._set_faults),
            _route("GET", "/rate-limit", self._rate_limit),
            _route("PUT", "/rate-limit", self._set_rate_limit),
            _route("DELETE", "/rate-limit", self._lift_rate_limit),
            _route("PUT", "/tokens", self._set_tokens),
            _route("POST", "/advance", self._advance),
            _route("POST", "/seed", self._seed),
            _route("POST", "/test-event", self._test_event),
            _route("POST", "/reset", self._reset),
        ]

    async def _summary(self, _: Request) -> Response:
        upstream = self._upstream
        first, *others = upstream.systems.items()
        return _json(
            {
                "seed": upstream.seed,
                **first[1].summary(),
                **{name: system.summary() for name, system in others},
                "effects": len(upstream.effects),
                "calls": upstream.shared.calls.total,
                "absorbed": upstream.shared.calls.absorbed,
                "deliveries": upstream.sender.deliveries.counts(),
                "operations": [
                    _described(name, operation)
                    for name, system in upstream.systems.items()
                    for operation in system.api.operations.values()
                ],
            }
        )

    def _system(self, name: str | None) -> System:
        """
        Return the system that is asked for, the first one where none is named.
        """
        known = self._upstream.systems
        found = known.get(next(iter(known)) if name is None else name)
        if found is None:
            message = f"system: {name!r} is unknown; known: {', '.join(known)}"
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)
        return found

    def _asked(self, request: Request) -> System:
        return self._system(request.query_params.get("system"))

    async def _orders(self, request: Request) -> Response:
        return _json(self._asked(request).orders())

    async def _create_order(self, request: Request) -> Response:
        wish = await _read_as(Creation, request)
        return _json(self._system(wish.system).create_order(wish.order), HTTPStatus.CREATED)

    async def _effects(self, request: Request) -> Response:
        found = self._upstream.effects.since(_since(request))
        # Absorbed calls are no effects; their number stands beside.
        headers = {"x-sandbox-absorbed": str(self._upstream.shared.calls.absorbed)}
        lines = b"".join(effect.line() for effect in found)
        return Response(lines, media_type="application/x-ndjson", headers=headers)

    async def _calls(self, _: Request) -> Response:
        return _json(self._upstream.shared.calls.to_json())

    async def _deliveries(self, _: Request) -> Response:
        return _json(self._upstream.sender.deliveries.to_json())

    async def _faults(self, _: Request) -> Response:
        return _json(self._upstream.shared.faults.to_json())

    async def _set_faults(self, request: Request) -> Response:
        systems = self._upstream.systems.values()
        faults = read_faults(
            await _read(request),
            operations=[name for system in systems for name in system.api.operations],
            event_types=list(dict.fromkeys(event for system in systems for event in system.event_types)),
        )
        resets = [fault for fault in faults if isinstance(fault, ResetBefore | ResetAfterEffect)]
        if resets and not can_cut(request.scope):
            message = f"{resets[0].fault}: needs sandbox.server, since this server cannot cut connections"
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)
        self._upstream.shared.faults.replace(faults)
        return await self._faults(request)

    async def _rate_limit(self, request: Request) -> Response:
        return _json(self._asked(request).api.limiting.to_json())

    async def _set_rate_limit(self, request: Request) -> Response:
        self._asked(request).api.limiting.set(await _read_as(RateLimit, request))
        return await self._rate_limit(request)

    async def _lift_rate_limit(self, request: Request) -> Response:
        self._asked(request).api.limiting.set(None)
        return await self._rate_limit(request)

    async def _set_tokens(self, request: Request) -> Response:
        """
        Replace the tokens that are good, as an operator does who revokes one and makes another.
        """
        limiting = self._asked(request).api.limiting
        limiting.tokens = (await _read_as(Tokens, request)).tokens
        return _json({"tokens": len(limiting.tokens)})

    async def _advance(self, request: Request) -> Response:
        wish = await _read_as(Advance, request)
        known = self._upstream.systems.values()
        system = next((one for one in known if one.holds(wish.order_id)), self._system(None))
        return _json({"orderId": wish.order_id, "passed": system.advance(wish.order_id, wish.to)})

    async def _seed(self, request: Request) -> Response:
        wish = await _read_as(Seed, request)
        system = self._system(wish.system)
        made: list[JSON] = []
        while len(made) < wish.orders:
            count = min(_SEEDED_AT_ONCE, wish.orders - len(made))
            made += [system.create_order({}) for _ in range(count)]
            await asyncio.sleep(0)
        return _json({"orders": made}, HTTPStatus.CREATED)

    async def _test_event(self, _: Request) -> Response:
        return _json({"eventId": self._upstream.installer.send_sample()}, HTTPStatus.ACCEPTED)

    async def _reset(self, _: Request) -> Response:
        self._upstream.forget()
        return _json({"reset": True})


def _described(system: str, operation: Operation) -> JSON:
    return {
        "system": system,
        "name": operation.name,
        "method": operation.method,
        "path": operation.path,
        "evidence": operation.evidence,
        "note": operation.note,
    }


def _route(method: str, path: str, page: Page) -> Route:
    return Route(f"/_sandbox{path}", page, methods=[method])


def _json(body: JSON, status: int = HTTPStatus.OK) -> Response:
    return Response(json_bytes(body) + b"\n", status_code=status, media_type="application/json")


def _since(request: Request) -> int:
    since = request.query_params.get("since", "0")
    if not (since.isascii() and since.isdigit() and len(since) < 19):  # noqa: PLR2004 - fits 64 bits
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "since: expected the seq of an effect")
    return int(since)


async def _read(request: Request) -> Any:
    return read_json(await read_body(request.receive, limit=_BODY_BYTES))


async def _read_as(model: type[BodyT], request: Request) -> BodyT:
    try:
        return model.model_validate(await _read(request))
    except ValidationError as problem:
        raise invalid(problem) from None
