"""
`orderhook reconcile`: what the order API says has changed, compared with the events on record.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence

import redis
import structlog

from receiver.record import moment
from workers.failures import Failure
from workers.reconcile import CannotList, Drift, NoIdentity, Report, Verdict
from workers.reconcile.sources import reconcile_source
from workers.settings import WorkerSettings, worker_settings

from .. import moments, render
from ..access import config_of, now_ms, redis_of
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..render import Piece
from ..story import Tone

#: How long the list of one source may take, in seconds.
WITHIN_S = 600.0
_TONES = {Verdict.MISSING: Tone.BAD, Verdict.OURS: Tone.FAINT}


def run(desk: Desk, *, source: str, since: str, dry_run: bool, as_jsonl: bool) -> None:
    """
    Compare one source or all, and feed in what is missing unless it is a dry run.

    Raises:
        NotFound: There is no such source.
        Misuse: No order API that was asked for can list orders by the time of their change.
        Failed: A list cannot be had, or a dry run found events that are missing.

    """
    raw = config_of(desk)
    settings = worker_settings(raw)
    names = _names(settings, source)
    with redis_of(desk) as client, _warnings_on_stderr():
        begin = _begin(since, client)
        reports = []
        for name in names:
            try:
                report = asyncio.run(
                    reconcile_source(
                        settings,
                        client,
                        name,
                        folder=raw.folder,
                        since=begin,
                        dry=dry_run,
                        within_s=WITHIN_S,
                    )
                )
            except CannotList as reason:
                render.talk((f"cannot compare: {reason}", Tone.WARN))
            except (Failure, NoIdentity) as error:
                raise Failed(f"source {name}: {error}") from error
            else:
                reports.append(report)
                _print(report, as_jsonl=as_jsonl)
    _judge(reports, dry_run=dry_run)


@contextlib.contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """
    Keep what clients and budgets log out of the data, and what is normal out of the way.
    """
    before = structlog.get_config()
    wrapper = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr), wrapper_class=wrapper)
    try:
        yield
    finally:
        structlog.configure(**before)


def _names(settings: WorkerSettings, source: str) -> Sequence[str]:
    if source and source not in settings.sources:
        raise NotFound(f"no source {source!r}; the configuration has {', '.join(settings.sources) or 'none'}")
    return [source] if source else list(settings.apis)


def _begin(since: str, client: "redis.Redis") -> int | None:
    if not since:
        return None
    try:
        return moments.resolve(since, now_ms=now_ms(client))
    except ValueError as error:
        raise Misuse(f"--since {error}") from None


def _judge(reports: Sequence[Report], *, dry_run: bool) -> None:
    if not reports:
        raise Misuse("nothing was compared: no order API here can list orders by the time of their change")
    missing = sum(report.missing for report in reports)
    if dry_run and missing:
        raise Failed(f"{render.counted(missing, 'event')} missing; without --dry-run they are fed in")


def _print(report: Report, *, as_jsonl: bool) -> None:
    if as_jsonl:
        render.json_line(as_json(report))
        return
    if report.drifts:
        titles = ("ORDER", "STATUS", "CHANGED", "NEWEST EVENT", "VERDICT", "MISSING EVENTS")
        render.table(titles, map(_row, report.drifts))
    render.data(_summary(report))


def _row(drift: Drift) -> Sequence[Piece]:
    order = drift.order
    return (
        order.id,
        order.status,
        moments.stamp(order.changed),
        moments.stamp(drift.known.newest),
        (drift.verdict.value, _TONES.get(drift.verdict, Tone.PLAIN)),
        ", ".join(drift.missing) or "-",
    )


def _summary(report: Report) -> str:
    scope = report.scope
    span = f"changed from {moments.stamp(scope.since)} to {moments.stamp(scope.until)}"
    return f"{scope.source}: {render.counted(report.listed, 'order')} {span}; {', '.join(_found(report))}"


def _found(report: Report) -> Iterator[str]:
    yield f"{report.listed - len(report.drifts)} known"
    if report.ours:
        yield f"{report.ours} by a write of ours"
    yield f"{render.counted(report.missing, 'event')} missing"
    yield "nothing written, since it is a dry run" if report.scope.dry else f"{report.fed} fed in"


def as_json(report: Report) -> dict[str, object]:
    """
    Return a report as `--json` shows it.
    """
    return {
        "source": report.scope.source,
        "since": _iso(report.scope.since),
        "until": _iso(report.scope.until),
        "dryRun": report.scope.dry,
        "listed": report.listed,
        "known": report.listed - len(report.drifts),
        "ours": report.ours,
        "missing": report.missing,
        "fed": report.fed,
        "drift": [_drift_json(one) for one in report.drifts],
    }


def _drift_json(drift: Drift) -> dict[str, object]:
    return {
        "order": drift.order.id,
        "status": drift.order.status,
        "changedAt": _iso(drift.order.changed),
        "newestEventAt": _iso(drift.known.newest) if drift.known.newest else None,
        "verdict": drift.verdict.value,
        "missing": list(drift.missing),
    }


def _iso(milliseconds: int) -> str:
    return moment(milliseconds).isoformat(timespec="milliseconds")
