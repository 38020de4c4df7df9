"""
The whole pretended upstream, put together: the systems, and what they share: log, faults, sender.

The composition root: every part gets its clock, its chance and its listener here.
"""

import random
from collections.abc import Mapping
from types import MappingProxyType

from .api import System
from .calls import Calls
from .config import SandboxConfig, Signer, drawn_seed
from .dispatch.system import DispatchSystem
from .effects import EffectLog
from .endpoint import Shared
from .fault_set import FaultSet
from .ids import Ids
from .installer.notifications import named
from .installer.system import InstallerSystem
from .key_memory import KeyMemory
from .post import Post
from .sender import Sender
from .shops.shop import Shop
from .shops.shopify import shopify
from .shops.woocommerce import woocommerce
from .signing import header_signer


class Upstream:
    """
    All pretended upstreams of one sandbox.
    """

    def __init__(self, config: SandboxConfig) -> None:
        seed = drawn_seed() if config.seed is None else config.seed
        self.config = config
        self.seed = seed
        self.effects = EffectLog(clock=config.clock, file=config.effects_file)
        self.shared = Shared(
            config=config,
            faults=FaultSet(_chance(seed, "faults")),
            calls=Calls(kept=config.calls_kept),
            keys=KeyMemory(),
        )
        posts = _posts(config)
        self.sender = Sender(posts=posts, rules=config.sender, faults=self.shared.faults)
        self.installer = InstallerSystem(
            config,
            ids=Ids(_chance(seed, "ids")),
            samples=_chance(seed, "samples"),
            effects=self.effects,
            sender=self.sender,
        )
        self.dispatch = DispatchSystem(
            config,
            ids=Ids(_chance(seed, "dispatch ids")),
            seed=f"{seed} dispatch seeds",
            effects=self.effects,
            sender=self.sender,
        )
        self.shops = {
            name: make(self._shop(name), config.shops)
            for name, make in (("woocommerce", woocommerce), ("shopify", shopify))
        }
        for name, shop in self.shops.items():
            # Where an event goes is said by who subscribes to it.
            posts[name] = Post(url="", signer=shop.signer, rules=config.sender, clock=config.clock)
        #: By name; the first is meant where no system is named.
        self.systems: Mapping[str, System] = MappingProxyType(
            {"installer": self.installer, "dispatch": self.dispatch, **self.shops}
        )

    def _shop(self, name: str) -> Shop:
        return Shop(
            system=name,
            ids=Ids(_chance(self.seed, f"{name} ids")),
            clock=self.config.clock,
            effects=self.effects,
            sender=self.sender,
            chance=_chance(self.seed, f"{name} samples"),
        )

    def forget(self) -> None:
        """
        Go back to the start: no effects, no faults, the first rate limits, nothing to send. Ids go on.
        """
        self.sender.forget()
        for system in self.systems.values():
            system.forget()
        self.effects.forget()
        self.shared.calls.forget()
        self.shared.keys.forget()
        self.shared.faults.replace(())

    def close(self) -> None:
        for system in self.systems.values():
            system.close()
        self.effects.close()


def _chance(seed: int, purpose: str) -> random.Random:
    # One generator each, so that more of one kind never shifts another.
    return random.Random(f"{seed} {purpose}")  # noqa: S311 - reproducible ids and faults, no secrets


def _posts(config: SandboxConfig) -> dict[str, Post]:
    """
    Return where the events of each system go, and each notification; a system without an address is left out.
    """
    wanted: dict[str, tuple[str | None, Signer | None]] = {
        "installer": (config.webhook_url, config.signer),
        "dispatch": (config.dispatch.webhook_url, config.dispatch.signer or config.signer),
    }
    for system, notification in named(config.notifications):
        wanted[system] = (notification.url, header_signer(notification.headers))
    return {
        system: Post(url=url, signer=signer, rules=config.sender, clock=config.clock)
        for system, (url, signer) in wanted.items()
        if url is not None
    }
