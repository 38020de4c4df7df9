"""
The budgets of all APIs that a worker calls, one per API, whichever sources share it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis.asyncio as aredis

from ..sections import ApiSettings
from .budget import PATIENCE_S, Budget, Terms


def name_of(source: str, settings: ApiSettings) -> str:
    """
    Return what names the API behind a source.
    """
    return named(source, base_url=settings.base_url, token=settings.token.reference)


def named(source: str, *, base_url: str, token: str) -> str:
    """
    Return what names the API behind a source: its address and where its token comes from.

    Sources with both in common share a limit. A token that stands in the file itself is named by its source, since
    nothing of it may be shown.
    """
    address = urlsplit(base_url)
    owner = token if token.startswith(("env:", "file:")) else source
    return f"{address.netloc}{address.path.rstrip('/')} {owner}"


def terms_of(apis: Mapping[str, ApiSettings], *, call_deadline_s: float) -> dict[str, Terms]:
    """Return each source's terms; of several sources of one API the most careful settings hold for all."""
    names = {source: name_of(source, settings) for source, settings in apis.items()}
    patience_s = min(PATIENCE_S, call_deadline_s / 4)
    return {
        source: _terms(name, [apis[one] for one in apis if names[one] == name], patience_s)
        for source, name in names.items()
    }


def _terms(name: str, sharing: Sequence[ApiSettings], patience_s: float) -> Terms:
    limited = [(api.rate_per_s, api.burst) for api in sharing if api.rate_per_s is not None]
    return Terms(
        name=name,
        rate_per_s=min((rate for rate, _ in limited), default=None),
        burst=min((burst for _, burst in limited), default=1),
        patience_s=patience_s,
        probe_s=max(api.circuit_probe_s for api in sharing),
    )


@dataclass(slots=True)
class Budgets:
    """The budgets of one shift, by API."""

    by_source: Mapping[str, Budget]

    def changed(self, name: str) -> None:
        """Hear that the budget of that API is not what it was."""
        for budget in self._each():
            if budget.terms.name == name:
                budget.changed()

    async def close(self) -> None:
        """Tell what is left to tell."""
        await asyncio.gather(*(budget.close() for budget in self._each()))

    def _each(self) -> set[Budget]:
        return set(self.by_source.values())


@contextlib.asynccontextmanager
async def keeping(
    redis: "aredis.Redis", apis: Mapping[str, ApiSettings], *, call_deadline_s: float
) -> AsyncIterator[Budgets]:
    """Yield the budgets of all APIs; what is left to tell is told at the end."""
    terms = terms_of(apis, call_deadline_s=call_deadline_s)
    each = {one.name: Budget(redis, one) for one in terms.values()}
    budgets = Budgets({source: each[one.name] for source, one in terms.items()})
    try:
        yield budgets
    finally:
        await budgets.close()
