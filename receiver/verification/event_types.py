"""
Event types as our sources name them: `order.created`. Some senders write them otherwise in their header.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

#: Shopify names some topics by the command and some by what has happened; ours say what has happened.
_VERBS = MappingProxyType({"create": "created", "update": "updated", "delete": "deleted"})
_COMMANDS = MappingProxyType({happened: command for command, happened in _VERBS.items()})


class EventTypes(Protocol):
    """How a sender writes event types: *read* is from its header, *write* into it."""

    def read(self, header: str) -> str: ...

    def write(self, event_type: str) -> str: ...


@dataclass(frozen=True, slots=True)
class AsTheyAre:
    """The header holds the event type itself."""

    def read(self, header: str) -> str:
        return header

    def write(self, event_type: str) -> str:
        return event_type


AS_THEY_ARE = AsTheyAre()


@dataclass(frozen=True, slots=True)
class Topics:
    """
    Shopify's topics: `orders/create` is `order.created`, `orders/paid` is `order.paid`.

    Source: https://shopify.dev/docs/api/webhooks, list of topics. That every plural is regular is ours.
    """

    def read(self, header: str) -> str:
        resource, slash, verb = header.partition("/")
        if not slash:
            return header
        return f"{_singular(resource)}.{_VERBS.get(verb, verb).replace('/', '.')}"

    def write(self, event_type: str) -> str:
        resource, dot, verb = event_type.partition(".")
        if not dot:
            return event_type
        # The one that all order integrations know is named by what has happened.
        command = verb if event_type == "order.updated" else _COMMANDS.get(verb, verb)
        return f"{_plural(resource)}/{command}"


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"
