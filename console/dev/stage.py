"""
The environment that the processes of a demonstration are started in. Pure but for the dice of made-up secrets.

Every source's order API is the sandbox here, so that no token of the user's own goes anywhere and no real order moves.
"""

import base64
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from receiver import sealing
from receiver.config import RawConfig
from receiver.config.environment import variable_of

from ..errors import Misuse

#: The token that the sandbox takes; not named like a setting of ours.
TOKEN_VARIABLE = "SANDBOX_API_TOKEN"  # noqa: S105 - its name
#: The token of the console's REST API that is made for a run.
CONSOLE_TOKEN_VARIABLE = "CONSOLE_TOKEN"  # noqa: S105 - its name
#: The keys that seal what lets us into connected shops: for each the setting, and the variable of a made-up one.
_KEYS = {
    ("receiver", "secrets_key"): "SHOP_SECRETS_KEY",
    ("console", "credentials_key"): "SHOP_CREDENTIALS_KEY",
}
_REFERENCE = re.compile(r"env:(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """
    Where everything is in this run.
    """

    redis_url: str
    receiver_port: int
    sandbox_port: int
    console_port: int

    @property
    def receiver(self) -> str:
        return f"http://127.0.0.1:{self.receiver_port}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"


def played_source(raw: RawConfig, wanted: str) -> str:
    """
    Return the source that the sandbox plays: the one that is wanted, else the first of system installer.

    Raises:
        Misuse: There is none.

    """
    sources = _sources(raw)
    if wanted and wanted not in sources:
        raise Misuse(f"no source {wanted!r} in {raw.path}; known: {', '.join(sources) or 'none'}")
    found = [name for name, source in sources.items() if source.get("system") == "installer"]
    if not wanted and not found:
        raise Misuse(f'no source in {raw.path} has system = "installer"; --source names the one to play')
    return wanted or found[0]


def dispatch_source(raw: RawConfig, played: str) -> str:
    """
    Return the source that gets the events of the sandbox's Dispatch side: the first of that system, or none.

    Args:
        played: Gets the events of the Installer side, and no others.

    """
    found = (name for name, source in _sources(raw).items() if source.get("system") == "dispatch")
    return next((name for name in found if name != played), "")


def made_up_secrets(raw: RawConfig, known: Mapping[str, str]) -> dict[str, str]:
    """
    Return a secret for each variable that a scheme refers to and nobody has set, and one for the sandbox' token.

    Args:
        known: Those that were made up before; they stay as they are.

    """
    missing = {
        name: _secret(str(source["scheme"].get("type")))
        for source in _sources(raw).values()
        for name in _referenced(source.get("scheme"))
        if name not in raw.environ
    }
    keys = {name: sealing.new_key() for name in _KEYS.values() if name not in raw.environ}
    return {**missing, **keys, TOKEN_VARIABLE: secrets.token_hex(16), **known}


def changes(raw: RawConfig, addresses: Addresses, made_up: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables in which the processes' environment differs from the user's own.
    """
    apis = [name for name, source in _sources(raw).items() if "api" in source]
    return {
        **({"ORDERHOOK_CONFIG": str(raw.path.resolve())} if raw.path else {}),
        **made_up,
        variable_of(("redis_url",)): addresses.redis_url,
        variable_of(("receiver", "host")): "127.0.0.1",
        variable_of(("receiver", "port")): str(addresses.receiver_port),
        variable_of(("console", "host")): "127.0.0.1",
        variable_of(("console", "port")): str(addresses.console_port),
        **{variable_of(("sources", name, "api", "base_url")): addresses.sandbox for name in apis},
        **{variable_of(("sources", name, "api", "token")): f"env:{TOKEN_VARIABLE}" for name in apis},
        **{variable_of(path): f"env:{name}" for path, name in _KEYS.items()},
        # The sandbox' shops are on this machine, and so is the receiver that they post to.
        variable_of(("integrations", "allow_private")): "true",
        variable_of(("integrations", "public_url")): addresses.receiver,
        # What lies in the user's folder must not be taken for a module of ours.
        "PYTHONSAFEPATH": "1",
    }


def _sources(raw: RawConfig) -> Mapping[str, Mapping[str, Any]]:
    found = raw.values.get("sources")
    tables = found if isinstance(found, Mapping) else {}
    return {name: source for name, source in tables.items() if isinstance(source, Mapping)}


def _referenced(scheme: object) -> Iterator[str]:
    found = scheme.get("secrets") if isinstance(scheme, Mapping) else None
    for each in found if isinstance(found, list) else ():
        text = each.get("secret") if isinstance(each, Mapping) else each
        if isinstance(text, str) and (match := _REFERENCE.fullmatch(text)):
            yield match[1]


def _secret(scheme: str) -> str:
    """
    Return a secret that such a scheme takes; hex digits are text, hex and base64 at once.
    """
    if scheme == "standard-webhooks":
        return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    return secrets.token_hex(32)
