"""
`orderhook workflows backtest`: what workflows of a file would have done about recorded events, without doing it.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from receiver.config import RawConfig, read_config
from receiver.inbox import Inbox
from workers.settings import definitions
from workers.workflows import Workflow
from workers.workflows.library import Origin

from .. import moments, render
from ..access import config_of, now_ms, redis_of, settings_of
from ..backtesting import Backtest, Reader, Tally, Trial, as_json, trials
from ..catalog import Catalog
from ..desk import Desk
from ..errors import Misuse
from ..filters import filter_of
from ..reads import reading
from ..render import Piece
from ..story import Tone
from ..wish import Wish

_TITLES = ("WORKFLOW", "VERSION", "TODAY", "STARTED", "MATCHES", "OPEN", "NEW", "GONE", "ACTIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What was asked for; *limit* is the number of newest events to look at, 0 for all.
    """

    file: Path
    wish: Wish
    limit: int
    fetch: bool


def backtest(desk: Desk, order: Order, *, as_jsonl: bool) -> None:
    """
    Print what the workflows would have done.

    Raises:
        Misuse: The file has no workflows.
        ConfigError: Some cannot be used; it names them all.

    """
    raw = config_of(desk)
    workflows = wanted_workflows(raw, order.file)
    with redis_of(desk) as client, _reader(raw, fetch=order.fetch) as reader:
        catalog, inbox = Catalog.load(raw, client), Inbox(client)
        gone = _gone(workflows, catalog) if is_whole(order.file) else ()
        tallies = [Tally(trial=trial) for trial in (*trials(workflows, catalog.workflows), *gone)]
        test = Backtest(tallies=tallies, settings=settings_of(desk), reader=reader)
        wanted = filter_of(order.wish, now=now_ms(client))
        total = min(inbox.count(wanted), order.limit or 1 << 52)
        with _progress() as progress:
            bar = progress.add_task("looking", total=total)
            for number in test.run(inbox, islice(inbox.events(wanted), order.limit or None)):
                progress.advance(bar, number)
    _print(test, as_jsonl=as_jsonl, fetch=order.fetch)


def wanted_workflows(raw: RawConfig, file: Path) -> tuple[Workflow, ...]:
    """
    Return the workflows of a file, with the actions of the configuration and those that the file names itself.

    Raises:
        Misuse: The file has none.
        ConfigError: Some cannot be used.

    """
    definitions(raw)  # its own modules of actions are found beside it from now on
    given = read_config(environ={}, path=file).values
    if not given.get("workflows"):
        raise Misuse(f"{file} has no [[workflows]]; expected at least one")
    values = {
        **raw.values,
        **{key: given[key] for key in ("workflows", "actions", "targets") if key in given},
    }
    _, workflows = definitions(replace(raw, path=file, values=values, origins={}))
    return workflows


def is_whole(file: Path) -> bool:
    """
    Return whether the file is a whole configuration, by which workflows that are not in it would be gone.
    """
    return bool({"sources", "redis_url"} & read_config(environ={}, path=file).values.keys())


def _gone(workflows: Sequence[Workflow], catalog: Catalog) -> Sequence[Trial]:
    """Return today's workflows of the configuration that the file lacks, each to be tried as switched off."""
    names = {workflow.name for workflow in workflows}
    missing = [
        entry.workflow
        for entry in catalog.entries
        if entry.workflow and entry.origin is Origin.FILE and entry.name not in names
    ]
    return [Trial(workflow=replace(one, enabled=False), today=one) for one in missing]


@contextlib.contextmanager
def _reader(raw: RawConfig, *, fetch: bool) -> Iterator[Reader | None]:
    if not fetch:
        yield None
        return
    with reading(raw) as reads:
        yield reads.read


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    talk = Console(stderr=True)
    return Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal)


def _print(test: Backtest, *, as_jsonl: bool, fetch: bool) -> None:
    if as_jsonl:
        for tally in test.tallies:
            render.json_line(as_json(tally))
    else:
        render.table(_TITLES, map(_row, test.tallies))
        for tally in test.tallies:
            _print_differences(tally)
    _sum_up(test, fetch=fetch)


def _row(tally: Tally) -> Sequence[Piece]:
    workflow = tally.trial.workflow
    actions = ", ".join(f"{kind} {number}" for kind, number in tally.actions.items() if number)
    return (
        _name(workflow),
        workflow.version,
        _today(tally.trial),
        str(tally.started),
        (str(tally.matched), Tone.GOOD if tally.matched else Tone.FAINT),
        (str(tally.open), Tone.WARN if tally.open else Tone.FAINT),
        (str(tally.gained), Tone.WARN if tally.gained else Tone.FAINT),
        (str(tally.lost), Tone.WARN if tally.lost else Tone.FAINT),
        actions or "-",
    )


def _name(workflow: Workflow) -> str:
    if not workflow.enabled:
        return f"{workflow.name} (off)"
    return workflow.name if workflow.acts else f"{workflow.name} (shadow)"


def _today(trial: Trial) -> Piece:
    if trial.today is None:
        return "none", Tone.FAINT
    return "the same" if trial.today.version == trial.workflow.version else trial.today.version


def _print_differences(tally: Tally) -> None:
    name = tally.trial.workflow.name
    if tally.gained:
        render.data(
            f"{name}: ", ("matches now and not today: ", Tone.WARN), _ids(tally.gained_ids, tally.gained)
        )
    if tally.lost:
        render.data(f"{name}: ", ("matches today and not now: ", Tone.WARN), _ids(tally.lost_ids, tally.lost))
    if tally.unsure:
        depends = f"{render.counted(tally.unsure, 'difference')} may come with what was not read"
        render.data(f"{name}: ", (depends, Tone.WARN))


def _ids(examples: Sequence[str], number: int) -> str:
    more = number - len(examples)
    return ", ".join(examples) + (f" and {more} more" if more else "")


def _sum_up(test: Backtest, *, fetch: bool) -> None:
    span = f", {moments.stamp(test.first)} to {moments.stamp(test.last)}" if test.events else ""
    render.talk(f"{render.counted(test.events, 'event')}{span}; nothing was done")
    if test.unusable:
        render.talk(
            (f"{render.counted(test.unusable, 'event')} left out: the body is gone or unusable", Tone.WARN)
        )
    for about, number in test.reads.items():
        what = f"{render.counted(number, 'event')} need the {about.lower()}"
        if not fetch:
            render.talk((f"{what}; --fetch reads it, as it is now", Tone.WARN))
        else:
            render.talk(f"{what}: read as it is now")
    if test.failed:
        render.talk((f"{render.counted(test.failed, 'read')} failed; those events stay open", Tone.WARN))
