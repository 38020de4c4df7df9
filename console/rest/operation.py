"""
The words in which the API is declared: an operation, its scope, and a call of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import redis

from receiver.config import RawConfig

from ..access import now_ms
from ..scopes import Scope
from ..settings import ConsoleSettings
from .background import Background
from .refusals import ErrorCode
from .shapes import Answer, BodyModel, NoBody, NoPath, NoQuery, PathModel, QueryModel

__all__ = ["Call", "Caller", "Handler", "Operation", "Scope", "Services"]

P = TypeVar("P", bound=PathModel)
Q = TypeVar("Q", bound=QueryModel)
B = TypeVar("B", bound=BodyModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    Whose token it is, by its name.
    """

    name: str
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """
    What all handlers work with: a Redis client that is safe to share between threads, and the configuration.
    """

    client: "redis.Redis"
    raw: RawConfig
    settings: ConsoleSettings
    background: Background = field(default_factory=Background)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[P, Q, B]):
    """
    One call of an operation, checked and read whole.
    """

    services: Services = field(repr=False)
    caller: Caller
    request_id: str
    #: The caller's reason, from the body's `why` or the header X-Reason; empty where none is given.
    why: str
    path: P
    query: Q
    #: It may hold what is secret.
    body: B = field(repr=False)
    #: What the trail of changes is to say beside path and reason.
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> "redis.Redis":
        """
        Return the Redis client.
        """
        return self.services.client

    @property
    def settings(self) -> ConsoleSettings:
        """
        Return what the console needs of the configuration.
        """
        return self.services.settings

    def now(self) -> int:
        """
        Return the time by Redis' clock, in milliseconds.
        """
        return now_ms(self.client)

    def note(self, **facts: object) -> None:
        """
        Add to the entry in the trail of changes; neither secrets nor payloads.
        """
        self.facts.update({name: str(value) for name, value in facts.items()})


Handler = Callable[[Call[Any, Any, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One operation of the API; the package's docstring shows how to declare one.
    """

    #: Its name in the OpenAPI document and in the trail of changes.
    name: str
    method: str
    path: str
    tag: str
    scope: Scope
    summary: str
    handler: Handler
    #: What the summary leaves open, in Markdown.
    about: str = ""
    path_model: type[PathModel] = NoPath
    query: type[QueryModel] = NoQuery
    body: type[BodyModel] = NoBody
    #: None answers success alone.
    answer: type[Answer] | None = None
    #: The answer is a page of such items.
    many: bool = False
    #: The answer is a list of such items without pages, as the Integrations API has it.
    bare_list: bool = False
    #: Refusals of its own, beside those that every operation may give.
    errors: tuple[ErrorCode, ...] = ()
    status: int = 200
    #: Whether it changes anything; by the method, if unset.
    changes: bool | None = None

    @property
    def changing(self) -> bool:
        """
        Return whether a call belongs into the trail of changes.
        """
        return self.method != "GET" if self.changes is None else self.changes
