"""
What `/metrics` answers, from what was found: Prometheus' text format. Pure.

Only what nobody else can see: readiness, and the spools on this machine's disk. The rest stands in Redis.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .spool_store import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSeen:
    """One source's spool: how it stands, None where it cannot be used, and what this process has done with it."""

    standing: Standing | None
    kept: int
    drained: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesSeen:
    """What became of the deliveries of this process that made no event."""

    written: int
    counted: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to tell; spools by source, at *now_ms* of this machine's clock."""

    ready: bool
    writable: bool
    now_ms: int
    spools: Mapping[str, SpoolSeen] = field(default_factory=dict)
    traces: TracesSeen | None = None
    #: Connected shops that are served, and those whose record cannot be used.
    shops: tuple[int, int] | None = None


def text(seen: Seen) -> str:
    """Return everything as Prometheus reads it."""
    families = [
        family("ready", "gauge", "Whether /readyz answers 200.", {"": seen.ready}),
        family("redis_writable", "gauge", "Whether Redis takes what comes.", {"": seen.writable}),
        *(_shops(seen.shops) if seen.shops else ()),
        *(
            family(name, "counter", about, {"": of(seen.traces)})
            for name, about, of in _OF_TRACES
            if seen.traces
        ),
        *(_spools(name, kind, about, of, seen) for name, kind, about, of in _OF_SPOOLS if seen.spools),
    ]
    return "".join(line + "\n" for family in families for line in family)


def _shops(counts: tuple[int, int]) -> Iterator[Iterator[str]]:
    served, unusable = counts
    yield family("shops", "gauge", "Connected shops that are served.", {"": served})
    yield family("shops_unusable", "gauge", "Connected shops whose record cannot be used.", {"": unusable})


def _spools(
    name: str, kind: str, about: str, of: Callable[[SpoolSeen, int], float | None], seen: Seen
) -> Iterator[str]:
    # A source's name needs no escape: the configuration lets none through that would.
    found = {f'{{source="{source}"}}': of(spool, seen.now_ms) for source, spool in seen.spools.items()}
    return family(f"spool_{name}", kind, about, found)


def family(name: str, kind: str, about: str, samples: Mapping[str, float | None]) -> Iterator[str]:
    """Yield the lines of one metric; samples by their labels, and those that nobody knows left out."""
    yield f"# HELP orderhook_{name} {about}"
    yield f"# TYPE orderhook_{name} {kind}"
    for labels, value in samples.items():
        if value is not None:  # unknown is not 0
            yield f"orderhook_{name}{labels} {value:.15g}"


def _standing(of: Callable[[Standing], float]) -> Callable[[SpoolSeen, int], float | None]:
    return lambda spool, _: None if spool.standing is None else of(spool.standing)


def _age_s(spool: SpoolSeen, now_ms: int) -> float | None:
    if spool.standing is None:
        return None
    return max(0, now_ms - spool.standing.since) / 1000 if spool.standing.waiting else 0


_OF_TRACES: tuple[tuple[str, str, Callable[[TracesSeen], float]], ...] = (
    (
        "traces_written_total",
        "Duplicates and rejected deliveries that `orderhook deliveries` shows.",
        lambda traces: traces.written,
    ),
    (
        "traces_counted_total",
        "Those of a flood, which are counted in the trace of another.",
        lambda traces: traces.counted,
    ),
    (
        "traces_dropped_total",
        "Those that are neither, since Redis took nothing for long.",
        lambda traces: traces.dropped,
    ),
)
_OF_SPOOLS: tuple[tuple[str, str, str, Callable[[SpoolSeen, int], float | None]], ...] = (
    (
        "usable",
        "gauge",
        "Whether the spool can be used; 0 where its file or its disk fails.",
        lambda spool, _: spool.standing is not None,
    ),
    (
        "waiting_events",
        "gauge",
        "Events that are acknowledged and not yet in Redis.",
        _standing(lambda standing: standing.waiting),
    ),
    (
        "oldest_age_seconds",
        "gauge",
        "How long the first of them has waited; 0 where none waits.",
        _age_s,
    ),
    (
        "used_bytes",
        "gauge",
        "How much the spool holds.",
        _standing(lambda standing: standing.used_bytes),
    ),
    (
        "max_bytes",
        "gauge",
        "How much it may hold.",
        _standing(lambda standing: standing.max_bytes),
    ),
    (
        "kept_total",
        "counter",
        "Events that this process has put into the spool.",
        lambda spool, _: spool.kept,
    ),
    (
        "drained_total",
        "counter",
        "Events that this process has taken out, once Redis had them.",
        lambda spool, _: spool.drained,
    ),
    (
        "refused_total",
        "counter",
        "Deliveries that neither Redis nor the spool took: answered 503.",
        lambda spool, _: spool.refused,
    ),
)
