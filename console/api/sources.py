"""
`/api/v1/sources`: who may send, by which terms, and how its events stand.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from receiver.inbox import Inbox
from receiver.lifecycle import Status
from workers.providers.provider import Provider
from workers.providers.store import ProviderStore

from ..commands.sources import scheme_type
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, NoBody, NoPath, NoQuery, Page, PageQuery, PathModel, sliced
from ..settings import ConsoleSource
from .lookup import SOURCE


class SourcePath(PathModel):
    """
    Which source.
    """

    source: str = Field(pattern=SOURCE, description="Its name.")


class SourceAnswer(Answer):
    """
    A source, without its secrets.
    """

    source: str = Field(description="Its name.")
    path: str = Field(description="Where the receiver takes its deliveries.")
    configured: bool = Field(
        description="False for one that has events, stands in the configuration no more, and is no connected shop."
    )
    enabled: bool = Field(description="Whether its deliveries are taken.")
    scheme: str | None = Field(default=None, description="How they are verified.")
    system: str | None = Field(default=None, description="Which order API answers for it.")
    trust: str | None = Field(default=None, description="Whether its payload is believed.")
    durability: str | None = Field(default=None, description="What an answer to it waits for.")
    retention_days: int | None = Field(default=None, description="Days that a finished event is kept.")
    on_dead: str | None = Field(default=None, description="What becomes of its lane behind a dead letter.")
    accepted: int = Field(description="Events that were ever accepted.")
    duplicates: int = Field(description="Deliveries of events that were known.")
    now: dict[str, int] = Field(description="Events that are on record now, by status.")


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    shops, counts = _shops(call), Inbox(call.client).counts()
    names = _names(call, shops)
    items = [_answer(call, name, counts, shops.get(name)) for name in sliced(names, call.query)]
    return Page(items=items, total=len(names))


def _show(call: Call[SourcePath, NoQuery, NoBody]) -> SourceAnswer:
    shops, name = _shops(call), call.path.source
    if name not in _names(call, shops):
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such source")
    return _answer(call, name, Inbox(call.client).counts(), shops.get(name))


def _names(call: Call[Any, Any, Any], shops: Iterable[str]) -> list[str]:
    return sorted({*call.settings.sources, *shops, *Inbox(call.client).sources()})


def _shops(call: Call[Any, Any, Any]) -> dict[str, Provider]:
    """
    Return the shops that are connected through the Integrations API, by their sources.
    """
    return {one.source: one for one in ProviderStore(call.client).all()}


def _answer(
    call: Call[Any, Any, Any], name: str, counts: dict[str, int], shop: Provider | None
) -> SourceAnswer:
    terms = call.settings.sources.get(name) or (ConsoleSource(enabled=shop.active) if shop else None)
    return SourceAnswer(
        source=name,
        path=f"/webhooks/{name}",
        configured=terms is not None,
        enabled=terms is not None and terms.enabled,
        accepted=counts.get(f"{name}:accepted", 0),
        duplicates=counts.get(f"{name}:duplicate", 0),
        now={status.value: _now(name, status, counts) for status in Status},
        **(_terms(terms, shop.kind if shop else scheme_type(call.services.raw, name)) if terms else {}),
    )


def _now(name: str, status: Status, counts: dict[str, int]) -> int:
    return counts.get(f"{name}:{status}", 0) - counts.get(f"{name}:retired.{status}", 0)


def _terms(terms: ConsoleSource, scheme: str) -> dict[str, Any]:
    return {
        "scheme": scheme,
        "system": terms.system,
        "trust": terms.trust,
        "durability": terms.durability,
        "retention_days": terms.retention_days,
        "on_dead": terms.on_dead,
    }


_TAG = "Sources"
OPERATIONS = (
    Operation(
        name="listSources",
        method="GET",
        path="/api/v1/sources",
        tag=_TAG,
        scope=Scope.READ,
        summary="Sources, and how their events stand",
        query=PageQuery,
        answer=SourceAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="showSource",
        method="GET",
        path="/api/v1/sources/{source}",
        tag=_TAG,
        scope=Scope.READ,
        summary="One source",
        path_model=SourcePath,
        answer=SourceAnswer,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_show,
    ),
)
