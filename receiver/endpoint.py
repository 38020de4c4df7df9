"""
`POST /webhooks/{source}`: the one public door, as a bare ASGI callable, since it is the hot path.

Order of checks, cheap before expensive: source, method, headers, declared size, body with size and time limits,
signature, rate, media type, body, room in Redis, Redis itself. Nothing is written before the signature is verified.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from starlette.types import Receive, Scope, Send

from . import answers, arrival, intake
from .accept import NewEvent, Outcome, Recorded
from .answers import Answer, ErrorCode
from .arrival import Disconnected, Refused, check_media_type
from .backlog import Backlog
from .bucket import Bucket
from .commit import GroupCommit, Overloaded
from .delivery_log import Delivery, DeliveryLog
from .intake import Invalid, Reading
from .provided import Provided
from .spool import Spool
from .store import StoreUnavailable
from .trace_keeper import TraceKeeper
from .verification import Headers, Rejected, Verifier

log = structlog.get_logger()

#: What an accepted body says of each outcome; COPIED and ALTERED are duplicates to the sender, an alarm to us.
_STATUS_TEXT = {
    Outcome.ACCEPTED: "accepted",
    Outcome.QUARANTINED: "quarantined",
    Outcome.DUPLICATE: "duplicate",
    Outcome.ALTERED: "duplicate",
    Outcome.COPIED: "duplicate",
}


#: Stands in its event's record, so that it needs no trace.
_NEW = frozenset({"accepted", "quarantined"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as the endpoint needs it."""

    verifier: Verifier
    reading: Reading
    #: Of an accepted delivery; some senders take only 200.
    ack_status: int
    bucket: Bucket | None
    #: Whether an event must have reached a replica before it is acknowledged.
    replicated: bool
    #: Whether a body that was not verified or cannot be used is kept with its trace.
    keeps_rejected_bodies: bool = False


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """The ASGI callable; *commit* is set while the application runs, and *replicated* where a source asks for it."""

    sources: Mapping[str, Source]
    body_limit: int
    body_deadline_s: float
    log: DeliveryLog
    #: Is told of what made no event.
    traces: TraceKeeper | None = None
    #: Says whether there is room in Redis; without it there always is.
    backlog: Backlog | None = None
    commit: GroupCommit | None = None
    replicated: GroupCommit | None = None
    #: What stands in front of the commit, by source, where one has a spool.
    spools: Mapping[str, Spool] = field(default_factory=dict)
    #: Learns sources while the application runs.
    provided: Provided | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        name = scope["path_params"]["source"]
        event_id, detail, body = "", "", b""
        try:
            answer, event_id, detail = await self._deliver(name, scope, receive)
        except Refused as refused:
            answer, detail, body = answers.error(refused.code), refused.detail, refused.body
        except Disconnected:
            gone = Delivery(name, "disconnected", 0, "", "the sender went away", started)
            self.log.add(gone)
            self._trace(gone, scope)
            return
        except asyncio.CancelledError:
            # The server stops and waits no longer: an honest answer is the last thing to do.
            answer, detail = answers.error(ErrorCode.STORE_UNAVAILABLE), "the receiver stops"
        except Exception as error:
            # The edge of the process: the sender must hear that it is our fault.
            log.error("receiver.bug", exc_info=error)
            answer, detail = answers.error(ErrorCode.INTERNAL), type(error).__name__
        delivery = Delivery(name, answer.code, answer.status, event_id, detail, started)
        self.log.add(delivery)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})
        if answer.code not in _NEW:
            self._trace(delivery, scope, body)

    def _trace(self, delivery: Delivery, scope: Scope, body: bytes = b"") -> None:
        """Note what made no event; its answer is under way."""
        if self.traces is not None:
            source = self.sources.get(delivery.source)
            scheme = None if source is None else source.verifier.scheme
            self.traces.add(delivery, scope, scheme=scheme, body=body)

    async def _deliver(self, name: str, scope: Scope, receive: Receive) -> tuple[Answer, str, str]:
        source = self.sources.get(name)
        if source is None:
            raise self._unknown(name)
        if scope["method"] != "POST":
            raise Refused(ErrorCode.METHOD_NOT_ALLOWED)
        headers: Headers = scope["headers"]
        arrival.check_head(headers, body_limit=self.body_limit)
        body = await arrival.whole_body(receive, limit=self.body_limit, deadline_s=self.body_deadline_s)
        try:
            new = _verified(source, headers, body)
        except Refused as refused:
            refused.body = body if source.keeps_rejected_bodies else b""
            raise
        commit = self.spools.get(name) or (self.replicated if source.replicated else self.commit)
        if (
            name not in self.spools
            and self.backlog is not None
            and (why := self.backlog.refusal(name, len(body)))
        ):
            raise Refused(ErrorCode.OVERLOADED, why)
        try:
            if commit is None:
                raise StoreUnavailable("the receiver is not running")
            recorded = await commit.put(new)
        except Overloaded as error:
            raise Refused(ErrorCode.OVERLOADED, str(error)) from None
        except StoreUnavailable as error:
            raise Refused(ErrorCode.STORE_UNAVAILABLE, str(error)) from None
        if recorded.outcome is Outcome.REFUSED:
            raise Refused(ErrorCode.STORE_UNAVAILABLE, recorded.detail)
        fresh = recorded.outcome in (Outcome.ACCEPTED, Outcome.QUARANTINED)
        status = source.ack_status if fresh else 200
        detail = _remark(new, recorded, repeats=bool(source.reading.same_body_ms))
        answer = answers.recorded(status, recorded.event_id, _STATUS_TEXT[recorded.outcome])
        return answer, recorded.event_id, detail

    def _unknown(self, name: str) -> Refused:
        """Return the refusal of a source that is not served; where we cannot tell yet, by our own fault."""
        if self.provided is not None and self.provided.may_be(name):
            return Refused(
                ErrorCode.STORE_UNAVAILABLE, "the connected shops are not known yet, or not readable"
            )
        return Refused(ErrorCode.SOURCE_NOT_FOUND)


def _remark(new: NewEvent, recorded: Recorded, *, repeats: bool) -> str:
    """Return what the log says beside the outcome; of a source that *repeats* itself, a copy is a mere duplicate."""
    match recorded.outcome:
        case Outcome.ACCEPTED | Outcome.QUARANTINED:
            return "; ".join(filter(None, (new.error, recorded.detail)))
        case Outcome.DUPLICATE:
            return recorded.detail
        case Outcome.COPIED if repeats:
            return ""
        case unusual:
            return unusual


def _verified(source: Source, headers: Headers, body: bytes) -> NewEvent:
    """Return the event of an authentic delivery, or refuse."""
    now = time.time()
    verdict = source.verifier.verify(headers, body, now=now)
    if isinstance(verdict, Rejected):
        raise Refused(ErrorCode(verdict.code.value), verdict.detail)
    if source.bucket is not None and not source.bucket.take(time.monotonic()):
        raise Refused(ErrorCode.RATE_LIMITED)
    check_media_type(headers)
    new = intake.read(body, verdict, source.reading, authentic=source.verifier.authentic, now=now)
    if isinstance(new, Invalid):
        raise Refused(ErrorCode.PAYLOAD_INVALID, new.detail)
    return new
