"""
`orderhook replay`: start events again, behind live traffic and on record.

A replay of all dead letters means those that are dead when it begins. One that is broken off, by Ctrl-C or by a crash,
is taken up by `--resume`: what was moved is no dead letter any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import redis
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from receiver import keys
from receiver.inbox import Inbox
from workers.pacing import CEILING, LATE_MS
from workers.replaying import Replaying, Step, Stopped
from workers.replays import Register, Replay, Terms

from .. import moments, render
from ..access import find, now_ms, redis_of
from ..asking import confirm
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..filters import filter_of
from ..render import Piece
from ..story import Tone
from ..wish import Wish

#: Work that is so far behind is worth a line: the replay waits for it, in milliseconds.
LONG_MS = 5_000
_HINT = "is a worker running? --ahead 0 would not wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What was asked for: events by id, or all dead letters of a wish.

    Args:
        rate: Most events a second, 0 for no limit.
        ahead: Most events open at once, 0 for no limit. None is the usual: no limit for events that are named, and
            for all dead letters as many as live traffic leaves room for.

    """

    event_ids: Sequence[str]
    take_all: bool
    wish: Wish
    rate: float
    ahead: int | None
    note: str
    yes: bool


def replay(desk: Desk, order: Order) -> None:
    """
    Start the events again.

    Raises:
        Failed: Some of the named were not in a state to be replayed, or somebody stopped the replay.

    """
    with redis_of(desk) as client:
        now = now_ms(client)
        terms = _terms(client, desk, order, now=now)
        count = len(terms.events) or Inbox(client).count_dead(terms.wanted)
        if not count:
            render.talk("no dead letters")
            return
        if not order.yes and (order.take_all or count > 1):
            confirm(f"Replay {render.counted(count, 'event')}? --dry-run shows what each would do.")
        _carry_out(client, *Register(client).start(terms, now=now, total=count))


def resume(desk: Desk, replay_id: str) -> None:
    """
    Take up a replay that was paused or broken off.

    Raises:
        NotFound: There is no such replay.
        Failed: It has ended, or somebody stopped it.

    """
    with redis_of(desk) as client:
        register = Register(client)
        taken = register.take_up(replay_id)
        if taken is None:
            raise Failed(f"replay {replay_id} is {recorded(register, replay_id).state}: it cannot go on")
        _carry_out(client, *taken)


def recorded(register: Register, replay_id: str) -> Replay:
    """
    Return a replay.

    Raises:
        NotFound: There is none.

    """
    found = register.get(replay_id)
    if found is None:
        raise NotFound(f"no replay {replay_id!r}; `orderhook replays list` shows what is there")
    return found


def chosen(client: "redis.Redis", order: Order) -> tuple[str, ...]:
    """
    Return the keys of the events that are named; none where all dead letters are meant.
    """
    if order.take_all == bool(order.event_ids):
        raise Misuse("name the events by their ids, or take --all dead letters, with filters")
    inbox = Inbox(client)
    found = [find(inbox, event_id, source=order.wish.source).key for event_id in order.event_ids]
    return tuple(dict.fromkeys(found))


def _terms(client: "redis.Redis", desk: Desk, order: Order, *, now: int) -> Terms:
    usual = CEILING if order.take_all else 0
    return Terms(
        by=desk.operator,
        why=order.note,
        events=chosen(client, order),
        wanted=filter_of(order.wish, now=now),
        rate=order.rate,
        ahead=usual if order.ahead is None else order.ahead,
    )


def _carry_out(client: "redis.Redis", replay: Replay, holder: str) -> None:
    render.talk(f"replay {replay.id}: {render.counted(replay.total - replay.moved, 'event')}")
    register, under_way = Register(client), Replaying(client=client, replay=replay, holder=holder)
    try:
        _follow(replay, under_way)
    except KeyboardInterrupt:
        register.pause(replay.id, holder=holder)
        render.talk(f"paused; `orderhook replay --resume {replay.id}` goes on")
        raise
    except redis.RedisError:
        render.talk(f"broken off; `orderhook replay --resume {replay.id}` goes on when Redis is back")
        raise
    except Stopped as stopped:
        moved = recorded(register, replay.id).moved
        raise Failed(
            f"replay {replay.id} is {_WORDS.get(stopped.state, stopped.state)}; {moved} moved"
        ) from None
    _sum_up(recorded(register, replay.id))


#: What a replay is that was stopped, where the state is not the word.
_WORDS = {"taken": "carried out by another process now"}


def _follow(replay: Replay, under_way: Replaying) -> None:
    """
    Carry out the replay, printing each event.
    """
    with _progress() as progress:
        bar = progress.add_task("replaying", total=replay.total, completed=replay.handled)
        told = False
        for step in under_way.run():
            if step.overdue_ms > LONG_MS and replay.terms.ahead and not told:
                render.talk(
                    f"waiting: work is {moments.span(step.overdue_ms)} behind, and goes first; {_HINT}"
                )
                told = True
            for event_key, moved in step.events:
                _print(event_key, moved=moved)
            _advance(progress, bar, step)


def _print(event_key: str, *, moved: bool) -> None:
    words: Piece = (
        "replayed" if moved else ("not replayed: in flight already, or a newer orderhook's", Tone.WARN)
    )
    render.data(f"{keys.event_id(event_key)}  ", words)


def _advance(progress: Progress, bar: TaskID, step: Step) -> None:
    late = step.overdue_ms > LATE_MS
    waiting = f"waiting: work is {moments.span(step.overdue_ms)} behind" if late else "replaying"
    progress.update(bar, advance=len(step.events), description=waiting)


def _sum_up(replay: Replay) -> None:
    render.talk(f"{replay.moved} of {render.counted(replay.total, 'event')} replayed")
    if replay.elsewhere and replay.terms.events:
        raise Failed(f"{replay.elsewhere} were gone, in flight already, or a newer orderhook's")
    if replay.elsewhere:
        render.talk(f"{replay.elsewhere} were replayed or discarded by somebody else meanwhile")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    talk = Console(stderr=True)
    return Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal)
