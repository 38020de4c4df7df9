"""
An order API whose writes are remembered: the one place where the guard learns of what we do.

It stands between actions and the client, so that an action of a user's own is seen, too. What goes to the API past the
client, by an HTTP client of an action's own, is not seen; the limit on an order's runs holds for it.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from ..actions import OrderApi
from ..budget.visit import Visit, current
from ..failures import Conflict, Failure, RateLimited
from ..loop_settings import EchoTypes, LoopGuardSettings
from ..sections import ApiSettings
from .echoes import Echo, Memory, remember

#: The calls that change an order, which is their first argument.
WRITES = frozenset(EchoTypes.model_fields) - {"create_order"}
#: Parts of a client that have such calls, too; an action of a user's own may use them.
PARTS = frozenset({"orders"})
#: The call that makes one: which, is known from its answer only.
CREATE = "create_order"
#: Longest time for which events wait for that answer, in seconds.
ANSWER_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Echoing:
    """
    How the echoes of an API come in.

    Args:
        types: The event types that each write raises, by source: all sources that the same API answers for.
    """

    types: Mapping[str, EchoTypes]
    window_s: float

    def of(self, write: str, order: str | None, key: str, visit: Visit) -> Sequence[Echo]:
        """Return what one write will be answered by; *order* is None of one that is being made."""
        cause = f"{visit.depth + 1} {write} {visit.source} {visit.event_id}"
        return [
            Echo(source=source, order=order, types=found, key=key, cause=cause, made=write == CREATE)
            for source, types in self.types.items()
            if (found := getattr(types, write))
        ]


def echoing(source: str, apis: Mapping[str, ApiSettings], guards: Mapping[str, LoopGuardSettings]) -> Echoing:
    """Return how the echoes of a source's API come in: at every source that this API, by its address, answers for."""
    address = apis[source].base_url.rstrip("/")
    sharing = [name for name, api in apis.items() if api.base_url.rstrip("/") == address]
    return Echoing(
        types={name: guards[name].echo_types for name in sharing},
        window_s=max(guards[name].echo_window_s for name in sharing),
    )


def watched(api: OrderApi, memory: Memory, echoing: Echoing) -> OrderApi:
    """Return *api* with its writes remembered before they are sent."""
    return cast(OrderApi, _Watched(api, memory, echoing))


class _Watched:
    """Every call goes through as it is; of those that write, the memory is told first."""

    def __init__(self, api: Any, memory: Memory, echoing: Echoing) -> None:
        self._api = api
        self._memory = memory
        self._echoing = echoing

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)
        if name in PARTS:
            return _Watched(call, self._memory, self._echoing)
        if name in WRITES:
            return lambda order, *args, **kwargs: self._write(name, call, order, *args, **kwargs)
        return self._create if name == CREATE else call

    async def _write(
        self,
        name: str,
        call: Callable[..., Awaitable[Any]],
        order: str | Sequence[str],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        key = str(kwargs.get("idempotency_key", ""))
        orders = [order] if isinstance(order, str) else order
        echoes = [echo for one in orders for echo in self._echoing.of(name, one, key, current())]
        await remember(self._memory, echoes, window_s=self._echoing.window_s)
        try:
            return await call(order, *args, **kwargs)
        except Conflict:
            raise  # an earlier sending of the same write may be what it meets
        except Failure as failure:
            if failure.effect == "none":
                with contextlib.suppress(RateLimited):  # then they are expected in vain
                    await remember(self._memory, echoes, window_s=0)
            raise

    async def _create(self, *args: Any, **kwargs: Any) -> Any:
        """Which order it will be is known from the answer: until then, events that it may have raised wait."""
        visit, key = current(), str(kwargs.get("idempotency_key", ""))
        under_way = [replace(one, made=False) for one in self._echoing.of(CREATE, None, key, visit)]
        await remember(self._memory, under_way, window_s=ANSWER_S)
        try:
            created = await cast(Any, self._api).create_order(*args, **kwargs)
            echoes = self._echoing.of(CREATE, str(created.id), key, visit)
            with contextlib.suppress(
                RateLimited
            ):  # it is made; what is not remembered is missed, and no more
                await remember(self._memory, echoes, window_s=self._echoing.window_s)
        finally:
            with contextlib.suppress(RateLimited):
                await remember(self._memory, under_way, window_s=0)
        return created
