"""
`orderhook replays`: the replays on record, and stopping one that runs here or elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from receiver.record import moment
from workers.replays import Register, Replay, State

from .. import moments, render
from ..access import now_ms, redis_of
from ..desk import Desk
from ..errors import Failed
from ..render import Piece
from ..story import Tone
from .replay import recorded

_TONES = {State.DONE: Tone.GOOD, State.PAUSED: Tone.WARN, State.CANCELLED: Tone.FAINT}
#: What is shown of a replay that runs by name only.
BROKEN_OFF = "broken off"


def show_list(desk: Desk, *, limit: int, as_jsonl: bool) -> None:
    """
    Print the newest replays.
    """
    with redis_of(desk) as client:
        found, now = list(Register(client).newest(limit)), now_ms(client)
    if as_jsonl:
        for one in found:
            render.json_line(as_json(one, now))
    elif found:
        render.table(
            ("STARTED", "REPLAY ID", "STATE", "MOVED", "OF", "BY", "EVENTS", "WHY"),
            (_row(one, now) for one in found),
        )
    else:
        render.talk("no replays")


def _row(one: Replay, now: int) -> Sequence[Piece]:
    return (
        moments.stamp(one.started),
        one.id,
        _state(one, now),
        str(one.moved),
        str(one.total),
        one.terms.by,
        _meant(one),
        one.terms.why or "-",
    )


def show_one(desk: Desk, replay_id: str, *, as_jsonl: bool) -> None:
    """
    Print all that is known of a replay.

    Raises:
        NotFound: There is none.

    """
    with redis_of(desk) as client:
        found, now = recorded(Register(client), replay_id), now_ms(client)
    if as_jsonl:
        render.json_line(as_json(found, now))
    else:
        render.fields(_facts(found, now))


def _facts(one: Replay, now: int) -> Iterator[tuple[str, Piece]]:
    yield "replay", one.id
    yield "state", _state(one, now)
    yield "by", one.terms.by
    yield "why", one.terms.why
    yield "events", _meant(one)
    yield "rate", f"{one.terms.rate:g} a second" if one.terms.rate else ""
    yield "ahead", f"at most {one.terms.ahead} open at once" if one.terms.ahead else "no limit"
    yield "started", moments.precise(one.started)
    yield "last seen", moments.precise(one.seen)
    yield "ended", moments.precise(one.ended) if one.ended else ""
    yield "total", str(one.total)
    yield "moved", str(one.moved)
    yield "elsewhere", f"{one.elsewhere} replayed or discarded by somebody else" if one.elsewhere else ""
    yield "left", f"{one.left} dead when it was cancelled" if one.left else ""
    if one.state is State.PAUSED or one.broken_off(now):
        yield "go on", f"orderhook replay --resume {one.id}"


def pause(desk: Desk, replay_id: str) -> None:
    """
    Stop a replay until it is taken up.

    Raises:
        NotFound: There is none.
        Failed: It has ended.

    """
    with redis_of(desk) as client:
        register = Register(client)
        if not register.pause(replay_id):
            raise Failed(f"replay {replay_id} has ended: it is {recorded(register, replay_id).state}")
        moved = recorded(register, replay_id).moved
    render.data(f"{replay_id}  paused after {moved} events; `orderhook replay --resume {replay_id}` goes on")


def cancel(desk: Desk, replay_id: str) -> None:
    """
    End a replay for good.

    Raises:
        NotFound: There is none.
        Failed: It has ended.

    """
    with redis_of(desk) as client:
        register = Register(client)
        if not register.cancel(replay_id, now=now_ms(client)):
            raise Failed(f"replay {replay_id} has ended: it is {recorded(register, replay_id).state}")
        one = recorded(register, replay_id)
    elsewhere = f", {one.elsewhere} were replayed or discarded by somebody else" if one.elsewhere else ""
    render.data(f"{replay_id}  cancelled: {one.moved} moved, {one.left} stay dead{elsewhere}")


def as_json(one: Replay, now: int) -> dict[str, object]:
    """
    Return a replay as `--json` shows it.
    """

    def time(milliseconds: int) -> str | None:
        return moment(milliseconds).isoformat(timespec="milliseconds") if milliseconds else None

    return {
        "replayId": one.id,
        "state": BROKEN_OFF if one.broken_off(now) else one.state.value,
        "by": one.terms.by,
        "why": one.terms.why,
        "filter": {} if one.terms.events else _filter(one),
        "events": len(one.terms.events),
        "rate": one.terms.rate,
        "ahead": one.terms.ahead,
        "startedAt": time(one.started),
        "seenAt": time(one.seen),
        "endedAt": time(one.ended),
        "total": one.total,
        "moved": one.moved,
        "elsewhere": one.elsewhere,
        "left": one.left,
    }


def _state(one: Replay, now: int) -> Piece:
    if one.broken_off(now):
        return BROKEN_OFF, Tone.BAD
    return one.state.value, _TONES.get(one.state, Tone.PLAIN)


def _meant(one: Replay) -> str:
    """
    Return which events a replay is for, as filters are typed.
    """
    if one.terms.events:
        return f"{len(one.terms.events)} by id"
    words = [f"--{name} {value}" for name, value in _filter(one).items()]
    return " ".join(["--all", *words])


def _filter(one: Replay) -> Mapping[str, str]:
    wanted = asdict(one.terms.wanted)
    found = {name: str(wanted[name]) for name in ("source", "type", "subject") if wanted[name]}
    times = {name: moments.local(wanted[name]).isoformat() for name in ("since", "until") if wanted[name]}
    return found | times
