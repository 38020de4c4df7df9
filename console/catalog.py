"""
Workflows as the console needs them: all there are, and older versions that events are pinned to.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis

from receiver import keys
from receiver.config import RawConfig
from workers.actions import Registry
from workers.configured import Configured
from workers.providers import managed
from workers.providers.store import ProviderStore
from workers.settings import definitions, order_source
from workers.workflows import Workflow, WorkflowErrors, load_workflow
from workers.workflows.library import Entry, library, usable

from .story import Actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """
    The actions of the configuration, the workflows of the file, of providers and of the API, and a Redis that keeps
    the older versions.
    """

    registry: Registry
    workflows: tuple[Workflow, ...]
    client: "redis.Redis"
    #: All there are, those too that cannot be used.
    entries: tuple[Entry, ...] = ()

    @classmethod
    def load(cls, raw: RawConfig, client: "redis.Redis") -> "Catalog":
        """
        Load what the configuration names, and what is configured through the API; needs neither secrets nor tokens.

        Raises:
            ConfigError: It names what cannot be loaded.

        """
        registry, file = definitions(raw)
        entries = library(
            file,
            provided=managed.definitions(ProviderStore(client).all(), order_source=order_source(raw)),
            stored=Configured(client).all(),
            known=registry,
        )
        return cls(registry=registry, workflows=usable(entries), client=client, entries=entries)

    def pinned(self, pin: str) -> Workflow | None:
        """
        Return the workflow of a `name@version`, current or stored; None where it is known nowhere any more.
        """
        name, _, version = pin.rpartition("@")
        current = next((w for w in self.workflows if (w.name, w.version) == (name, version)), None)
        return current or self._stored(pin)

    def _stored(self, pin: str) -> Workflow | None:
        text = _definition(self.client, pin)
        try:
            return load_workflow(json.loads(text), known=self.registry) if text else None
        except WorkflowErrors:  # it names an action that is gone
            return None


def stored_actions(client: "redis.Redis") -> Actions:
    """
    Return a look-up of the actions of pinned workflows, by what workers have stored: needs no configuration.
    """

    @cache
    def actions(pin: str) -> Sequence[str]:
        text = _definition(client, pin)
        found = json.loads(text).get("actions", ()) if text else ()
        return tuple(str(action.get("type", "?")) for action in found)

    return actions


def _definition(client: "redis.Redis", pin: str) -> str | None:
    name, _, version = pin.rpartition("@")
    return client.get(keys.workflow(name, version))  # type: ignore[return-value]
