"""
One operation of an emulated API over HTTP: rate limit, faults, token, Idempotency-Key, handler, answer, in this order.

It knows no particular API: the operation and its handler are given.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from .api import Api
from .calls import CallRecord, Calls
from .config import SandboxConfig
from .connection import cut
from .errors import Refusal
from .fault_set import FaultSet
from .faults import (
    ExpiredToken,
    Fault,
    InvalidJson,
    Latency,
    RateLimited,
    ResetAfterEffect,
    ResetBefore,
    ServerError,
    SlowDrip,
)
from .key_memory import KeyMemory
from .operations import Answer, Call, Operation
from .times import milliseconds
from .wire import Wire, read_body, send_answer, send_slowly, send_spoilt

FaultT = TypeVar("FaultT", bound=Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """
    What all endpoints of one sandbox have in common.
    """

    config: SandboxConfig
    faults: FaultSet
    calls: Calls
    keys: KeyMemory


class Endpoint:
    """
    An ASGI app that serves one operation.
    """

    def __init__(self, *, operation: Operation, api: Api, shared: Shared) -> None:
        self._operation = operation
        self._api = api
        self._handler = api.handlers[operation.name]
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = Wire(scope=scope, receive=receive, send=send)
        record = self._record(wire)
        started = time.perf_counter()
        try:
            await self._serve(wire, record)
        except ClientDisconnect:
            record.status = None
        finally:
            record.duration_ms = (time.perf_counter() - started) * 1_000

    def _record(self, wire: Wire) -> CallRecord:
        record = CallRecord(
            at=milliseconds(self._shared.config.clock()),
            operation=self._operation.name,
            method=self._operation.method,
            path=wire.scope["path"],
            idempotency_key=wire.headers.get("idempotency-key"),
        )
        self._shared.calls.add(record)
        return record

    async def _serve(self, wire: Wire, record: CallRecord) -> None:
        latency = self._draw(Latency, record)
        if latency is not None:
            await asyncio.sleep(latency.ms / 1_000)
        if self._draw(ResetBefore, record):
            await cut(wire)
            return
        verdict = self._api.limiting.admit(self._shared.config.clock())
        if verdict.admitted:
            answer = self._fault_answer(record) or await self._answer(wire, record)
        else:
            answer = self._failed(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests")
        await self._send(replace(answer, headers={**verdict.headers, **answer.headers}), wire, record)

    def _draw(self, kind: type[FaultT], record: CallRecord) -> FaultT | None:
        fault = self._shared.faults.draw(kind, self._operation.name)
        if fault is not None:
            record.faults.append(fault.fault)
        return fault

    def _fault_answer(self, record: CallRecord) -> Answer | None:
        """
        Return the answer of a fault that keeps the call from being looked at.
        """
        if self._draw(ExpiredToken, record):
            return self._api.refused(_unauthorized())
        limited = self._draw(RateLimited, record)
        if limited is not None:
            return self._failed(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", self._retry_after(limited))
        error = self._draw(ServerError, record)
        if error is not None:
            return self._failed(error.status, "The sandbox was asked to fail", self._retry_after(error))
        return None

    def _failed(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
        return replace(self._api.refused(Refusal(status, message)), headers=headers or {})

    def _retry_after(self, fault: RateLimited | ServerError) -> dict[str, str]:
        if fault.retry_after is None:
            return {}
        if fault.retry_after_form == "seconds":
            return {"retry-after": str(fault.retry_after)}
        # A date has whole seconds; the next one up, so that waiting for it is never too short.
        due = self._shared.config.clock().replace(microsecond=0) + timedelta(seconds=fault.retry_after + 1)
        return {"retry-after": format_datetime(due, usegmt=True)}

    async def _answer(self, wire: Wire, record: CallRecord) -> Answer:
        try:
            self._check(wire.headers)
            return self._perform(await self._read(wire), record)
        except Refusal as refusal:
            return self._api.refused(refusal)

    def _check(self, headers: Mapping[str, str]) -> None:
        if self._api.admit is None:
            self._check_token(headers.get("authorization", ""))
        else:
            self._api.admit(headers)

    def _check_token(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token not in self._known_tokens():
            raise _unauthorized()
        if token in self._shared.config.forbidden_tokens:
            raise Refusal(HTTPStatus.FORBIDDEN, "The token's user lacks the role")
        self._api.limiting.last_used[token] = self._shared.config.clock()

    def _known_tokens(self) -> tuple[str, ...]:
        return self._api.limiting.tokens + self._shared.config.forbidden_tokens

    async def _read(self, wire: Wire) -> Call:
        config = self._shared.config
        limit = config.file_limit_bytes if self._operation.upload else config.body_limit_bytes
        return Call(
            operation=self._operation,
            path=wire.scope["path"],
            parameters=wire.scope["path_params"],
            query=dict(QueryParams(wire.scope["query_string"])),
            content_type=wire.headers.get("content-type", ""),
            body=await read_body(wire.receive, limit=limit),
            idempotency_key=wire.headers.get("idempotency-key"),
        )

    def _perform(self, call: Call, record: CallRecord) -> Answer:
        """
        Run the handler, or answer from memory. Nothing awaits here: no two calls use a key at once.
        """
        if call.idempotency_key is None or not self._shared.config.honour_idempotency_key:
            return self._handler(call)
        known = self._shared.keys.recall(call)
        if known is not None:
            self._shared.calls.absorb(record)
            return known
        answer = self._handler(call)
        self._shared.keys.remember(call, answer)
        return answer

    async def _send(self, answer: Answer, wire: Wire, record: CallRecord) -> None:
        if answer.ok and self._operation.changes_state and self._draw(ResetAfterEffect, record):
            await cut(wire)
            return
        record.status = answer.status
        spoilt = self._draw(InvalidJson, record) if answer.ok else None
        slow = self._draw(SlowDrip, record) if answer.ok and spoilt is None else None
        if spoilt is not None:
            await send_spoilt(wire, answer, body=spoilt.body, huge_bytes=spoilt.huge_bytes)
        elif slow is not None:
            await send_slowly(wire, answer, wait_s=slow.ms / 1_000)
        else:
            await send_answer(wire, answer)


def _unauthorized() -> Refusal:
    # The one error body that the vendor documents.
    return Refusal(HTTPStatus.UNAUTHORIZED, "Invalid or expired token")
