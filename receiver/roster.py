"""
All sources that are served: those of the file, and those learnt while the receiver runs.

Owns that everything which knows sources by name hears of a change, and that what has not changed stays as it is: a
source keeps its bucket when another one comes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from . import store
from .backlog import Backlog, Cap, Caps
from .endpoint import Endpoint, Source
from .identity import Identity
from .provided import Provided
from .sealing import Sealing
from .settings import ReceiverSection, ReceiverSettings, SourceSettings

Build: TypeAlias = Callable[[str, SourceSettings], Source]


@dataclass(slots=True, kw_only=True)
class Roster:
    """Keeps the endpoint, the backlog and the identity in step."""

    endpoint: Endpoint
    backlog: Backlog
    identity: Identity
    build: Build
    cap: Callable[[SourceSettings], Cap]
    #: As the file names them; those have no part in any change.
    configured: Mapping[str, Source]
    caps: Mapping[str, Cap]
    _learnt: dict[str, tuple[SourceSettings, Source]] = field(default_factory=dict)

    def serve(self, sources: Mapping[str, SourceSettings]) -> None:
        """Serve these beside those of the file, and no others."""
        self._learnt = {name: self._made(name, settings) for name, settings in sources.items()}
        # First what looks after a source, then the door.
        self.identity.watch(sources)
        self.backlog.cap({**{name: self.cap(one) for name, one in sources.items()}, **self.caps})
        self.endpoint.sources = {
            **{name: source for name, (_, source) in self._learnt.items()},
            **self.configured,
        }

    def _made(self, name: str, settings: SourceSettings) -> tuple[SourceSettings, Source]:
        known = self._learnt.get(name)
        return known if known and known[0] == settings else (settings, self.build(name, settings))


def learning(
    settings: ReceiverSettings, endpoint: Endpoint, backlog: Backlog, identity: Identity, *, build: Build
) -> Provided:
    """Return what learns the sources of connected shops, and tells everybody."""
    section = settings.receiver
    roster = Roster(
        endpoint=endpoint,
        backlog=backlog,
        identity=identity,
        build=build,
        cap=lambda source: _cap(source, section),
        configured=endpoint.sources,
        caps=caps_of(settings).sources,
    )
    return Provided(
        store.async_client(settings.redis_url, timeout_s=section.commit_timeout_s),
        sealing=Sealing(section.secrets_key) if section.secrets_key else None,
        taken=settings.sources.keys(),
        serve=roster.serve,
    )


def caps_of(settings: ReceiverSettings) -> Caps:
    """Return the soft caps of the file."""
    section = settings.receiver
    return Caps(
        total=Cap(events=section.max_pending_events, bytes=section.max_pending_bytes),
        sources={name: _cap(source, section) for name, source in settings.sources.items()},
        memory_share=section.max_memory_share,
    )


def _cap(source: SourceSettings, section: ReceiverSection) -> Cap:
    """Return a source's own cap; one that names none has half of what all have together."""
    return Cap(
        events=source.max_pending_events or -(-section.max_pending_events // 2),
        bytes=source.max_pending_bytes or -(-section.max_pending_bytes // 2),
    )
