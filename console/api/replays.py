"""
`/api/v1/replays`: starting events again, behind live traffic and on record; looking at it first, and stopping it.
"""

import threading
from collections.abc import Callable
from functools import partial
from itertools import islice

import redis
import structlog

from workers.pacing import CEILING
from workers.replaying import Replaying, Stopped
from workers.replays import Register, Replay, Terms

from ..commands.replays import as_json
from ..rest.operation import Call, Operation, Scope, Services
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import NoBody, NoPath, NoQuery, Page, PageQuery
from .replay_models import NewReplay, ReplayAnswer, ReplayPath
from .replay_preview import filter_of_dead, named

log = structlog.get_logger()


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    register, now, query = Register(call.client), call.now(), call.query
    found = islice(register.newest(query.offset + query.page_size), query.offset, None)
    return Page(items=[_answer(one, now) for one in found], total=register.count())


def _show(call: Call[ReplayPath, NoQuery, NoBody]) -> ReplayAnswer:
    return _answer(_recorded(call), call.now())


def _start(call: Call[NoPath, NoQuery, NewReplay]) -> ReplayAnswer:
    names, filter_, now = named(call), filter_of_dead(call), call.now()
    usual = CEILING if call.body.all_dead else 0
    terms = Terms(
        by=call.caller.name,
        why=call.body.why,
        events=names,
        wanted=filter_,
        rate=call.body.rate,
        ahead=usual if call.body.ahead is None else call.body.ahead,
    )
    call.services.background.check_room()
    replay, holder = Register(call.client).start(terms, now=now)
    call.note(replay=replay.id, events=replay.total)
    _carry_out(call.services, replay, holder)
    return _answer(replay, now)


def _carry_out(services: Services, replay: Replay, holder: str) -> None:
    """
    Move the events behind the answer.
    """
    services.background.begin(f"replay {replay.id}", partial(_move, services.client, replay, holder))


def _move(client: "redis.Redis", replay: Replay, holder: str, stopping: threading.Event) -> None:
    under_way = Replaying(client=client, replay=replay, holder=holder, wait=_waiter(stopping))
    try:
        for _ in under_way.run():
            if stopping.is_set():
                Register(client).pause(replay.id, holder=holder)
                return
    except Stopped as stopped:
        log.info("replay.stopped", replay=replay.id, state=stopped.state)
    except redis.RedisError as error:
        # It is on record as running, and shows as broken off in a moment.
        log.error("replay.broken_off", replay=replay.id, error=str(error))


def _waiter(stopping: threading.Event) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        stopping.wait(seconds)

    return wait


def _resume(call: Call[ReplayPath, NoQuery, NoBody]) -> ReplayAnswer:
    call.services.background.check_room()
    taken = Register(call.client).take_up(call.path.replay_id)
    if taken is None:
        raise _ended(_recorded(call))
    _carry_out(call.services, *taken)
    return _answer(taken[0], call.now())


def _pause(call: Call[ReplayPath, NoQuery, NoBody]) -> ReplayAnswer:
    if not Register(call.client).pause(call.path.replay_id):
        raise _ended(_recorded(call))
    return _answer(_recorded(call), call.now())


def _cancel(call: Call[ReplayPath, NoQuery, NoBody]) -> ReplayAnswer:
    if not Register(call.client).cancel(call.path.replay_id, now=call.now()):
        raise _ended(_recorded(call))
    return _answer(_recorded(call), call.now())


def _recorded(call: Call[ReplayPath, NoQuery, NoBody]) -> Replay:
    found = Register(call.client).get(call.path.replay_id)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such replay")
    return found


def _ended(replay: Replay) -> ApiError:
    return ApiError(ErrorCode.CONFLICT, f"the replay has ended: it is {replay.state}")


def _answer(one: Replay, now: int) -> ReplayAnswer:
    return ReplayAnswer.model_validate(as_json(one, now))


_TAG = "Replays"
_PATH = "/api/v1/replays/{replayId}"
_ERRORS = (ErrorCode.NOT_FOUND, ErrorCode.CONFLICT)
_CARRIED_OUT = (
    "This console process carries it out, behind live traffic. When the process stops, the replay is paused; "
    "`resumeReplay`, or `orderhook replay --resume` on any machine, takes it up."
)
OPERATIONS = (
    Operation(
        name="listReplays",
        method="GET",
        path="/api/v1/replays",
        tag=_TAG,
        scope=Scope.READ,
        summary="Replays on record, the newest first",
        query=PageQuery,
        answer=ReplayAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="showReplay",
        method="GET",
        path=_PATH,
        tag=_TAG,
        scope=Scope.READ,
        summary="One replay, and how far it is",
        path_model=ReplayPath,
        answer=ReplayAnswer,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_show,
    ),
    Operation(
        name="startReplay",
        method="POST",
        path="/api/v1/replays",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Start a replay",
        about=_CARRIED_OUT,
        body=NewReplay,
        answer=ReplayAnswer,
        status=201,
        errors=_ERRORS,
        handler=_start,
    ),
    Operation(
        name="resumeReplay",
        method="POST",
        path=f"{_PATH}/resume",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Take up a replay that was paused or broken off",
        about=f"{_CARRIED_OUT} One that runs elsewhere is taken over: whoever carried it out stops.",
        path_model=ReplayPath,
        answer=ReplayAnswer,
        errors=_ERRORS,
        handler=_resume,
    ),
    Operation(
        name="pauseReplay",
        method="POST",
        path=f"{_PATH}/pause",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Stop a replay until it is taken up again",
        path_model=ReplayPath,
        answer=ReplayAnswer,
        errors=_ERRORS,
        handler=_pause,
    ),
    Operation(
        name="cancelReplay",
        method="POST",
        path=f"{_PATH}/cancel",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="End a replay for good; what it has not moved stays dead",
        path_model=ReplayPath,
        answer=ReplayAnswer,
        errors=_ERRORS,
        handler=_cancel,
    ),
)
