"""A small API of its own over the frame, on a real server and a real Redis: the frame knows none of the console's."""

from collections.abc import Iterator
from typing import Annotated

import pytest
import redis
from pydantic import Field

from console.embedded import free_port
from console.errors import Failed, Misuse, NotFound
from console.rest.app import create_app
from console.rest.operation import Call, Operation, Services
from console.rest.refusals import ApiError, ErrorCode
from console.rest.shapes import (
    Answer,
    BodyModel,
    NoBody,
    NoQuery,
    Page,
    PageQuery,
    PathModel,
    QueryBool,
    QueryModel,
    sliced,
)
from console.scopes import Scope
from console.settings import ConsoleSettings
from console.tokens import Tokens
from receiver import store
from receiver.config import read_config
from tests.support.rest import Caller, served


class ShelfPath(PathModel):
    shelf_id: str = Field(max_length=20)


class Look(QueryModel):
    closely: QueryBool = False


class Book(BodyModel):
    title: str
    pages: Annotated[int, Field(ge=1)] = 1
    why: str = ""


class Shelf(Answer):
    shelf_id: str
    told: str | None = None


def _show(call: Call[ShelfPath, Look, NoBody]) -> Shelf:
    return Shelf(shelf_id=call.path.shelf_id, told="dust" if call.query.closely else None)


def _list(call: Call[PathModel, PageQuery, NoBody]) -> Page:
    found = [Shelf(shelf_id=str(n)) for n in range(120)]
    return Page(items=sliced(found, call.query), total=120)


def _put(call: Call[ShelfPath, NoQuery, Book]) -> Shelf:
    call.note(title=call.body.title)
    return Shelf(shelf_id=call.path.shelf_id)


FAULTS = {
    "api": ApiError(ErrorCode.CONFIGURATION_ERROR, "it cannot work like that"),
    "misuse": Misuse("not like that"),
    "not-found": NotFound("not there"),
    "failed": Failed("it has ended"),
    "redis": redis.ConnectionError("10.0.0.7:6379 refused, password hunter2"),
    "bug": KeyError("a secret of ours"),
}


def _fail(call: Call[ShelfPath, NoQuery, NoBody]) -> None:
    raise FAULTS[call.path.shelf_id]


def _toggle(_: Call[ShelfPath, NoQuery, NoBody]) -> None:
    """Change something by a GET."""


def _an(name: str, method: str, path: str, scope: Scope, handler, **options) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=path,
        tag="Shelves",
        scope=scope,
        summary=name,
        handler=handler,
        **options,
    )


OPERATIONS = (
    _an("listShelves", "GET", "/api/shelves", Scope.READ, _list, query=PageQuery, answer=Shelf, many=True),
    _an(
        "showShelf",
        "GET",
        "/api/shelves/{shelfId}",
        Scope.READ,
        _show,
        path_model=ShelfPath,
        query=Look,
        answer=Shelf,
    ),
    _an(
        "putBook",
        "POST",
        "/api/shelves/{shelfId}",
        Scope.OPERATE,
        _put,
        path_model=ShelfPath,
        body=Book,
        answer=Shelf,
    ),
    _an("fail", "POST", "/api/faults/{shelfId}", Scope.READ, _fail, path_model=ShelfPath),
    _an(
        "toggle",
        "GET",
        "/api/shelves/{shelfId}/toggle",
        Scope.READ,
        _toggle,
        path_model=ShelfPath,
        changes=True,
    ),
)


@pytest.fixture(name="settings", scope="module")
def _settings(redis_server) -> ConsoleSettings:
    """A console of few calls and small bodies."""
    redis_url = redis_server.url
    console = {"calls_per_minute": 50, "body_limit_bytes": 1_000, "body_deadline_s": 0.3}
    return ConsoleSettings.model_validate({"redis_url": redis_url, "console": console})


@pytest.fixture(name="console", scope="module")
def _console(settings) -> Iterator[Caller]:
    """A console that serves all tests of a module."""
    services = Services(
        client=store.client(settings.redis_url, timeout_s=5), raw=read_config(environ={}), settings=settings
    )
    with served(create_app(services, OPERATIONS)) as caller:
        yield caller


@pytest.fixture(name="stranger")
def _stranger(console, client) -> Caller:
    """A caller without a token, of an empty Redis."""
    return console


@pytest.fixture(name="token_of")
def _token_of(client):
    """Makes a token of a scope."""

    def make(scope: Scope, name: str = "") -> str:
        return Tokens(client).create(name or scope.value, scope, by="test", now=1_790_000_000_000)[0]

    return make


@pytest.fixture(name="reader")
def _reader(stranger, token_of) -> Caller:
    """A caller whose token may read."""
    return stranger.having(token_of(Scope.READ))


@pytest.fixture(name="operator")
def _operator(stranger, token_of) -> Caller:
    """A caller whose token may operate."""
    return stranger.having(token_of(Scope.OPERATE))


@pytest.fixture(name="unused_port")
def _unused_port() -> int:
    """A port that nobody listens on."""
    return free_port()
