"""
`orderhook sandbox`: the process that plays the order APIs and their senders, until SIGTERM or Ctrl-C.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from receiver import logs
from receiver.secrets import SecretError, read_secret
from receiver.verification import SchemeSettings, sign
from sandbox.config import DispatchRules, Notification, SandboxConfig, SenderRules, Signer
from sandbox.server import run as serve

from ..access import config_of
from ..desk import Desk
from ..errors import Misuse
from ..ports import check_free
from .send import one_source


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxWish:
    """
    How the sandbox is wanted, as it was typed; secrets and tokens are references.
    """

    host: str
    port: int
    webhook_url: str | None = None
    #: Where the events of the Dispatch side go, and the source that signs them; signed as the others if unset.
    dispatch_webhook_url: str | None = None
    dispatch_source: str = ""
    #: The source of the configuration whose scheme signs, or a scheme by its type or as JSON, with a secret.
    source: str = ""
    scheme: str = ""
    secret: str = ""
    token: str = ""
    auto_advance_s: float | None = None
    effects_file: Path | None = None
    seed: int | None = None
    #: Workflow notifications, each a table as JSON or a file that holds one.
    notifications: Sequence[str] = ()


def run(desk: Desk, wish: SandboxWish) -> None:
    """
    Play the order API and its sender.

    Raises:
        Misuse: It cannot be had like that.

    """
    config = SandboxConfig(
        host=wish.host,
        port=wish.port,
        webhook_url=wish.webhook_url,
        signer=signer_of(desk, wish),
        dispatch=DispatchRules(webhook_url=wish.dispatch_webhook_url, signer=dispatch_signer_of(desk, wish)),
        tokens=(_token(desk, wish.token),) if wish.token else SandboxConfig().tokens,
        auto_advance_s=wish.auto_advance_s,
        effects_file=wish.effects_file,
        seed=wish.seed,
        sender=SenderRules(stop_grace_s=2.0),
        notifications=tuple(notification_of(desk, text) for text in wish.notifications),
    )
    check_free(wish.host, wish.port, option="--port")
    logs.set_up()
    serve(config)


def signer_of(desk: Desk, wish: SandboxWish) -> Signer | None:
    """
    Return what signs deliveries as it is wished, None to send them unsigned.

    Raises:
        Misuse: The scheme cannot be used.
        NotFound: There is no such source.

    """
    scheme = _scheme(desk, wish)
    return None if scheme is None else _signer(scheme)


def dispatch_signer_of(desk: Desk, wish: SandboxWish) -> Signer | None:
    """
    Return what signs the deliveries of the Dispatch side, None to sign them as the others.

    Raises:
        NotFound: There is no such source.

    """
    return _signer(_scheme_of(desk, wish.dispatch_source)) if wish.dispatch_source else None


def _signer(scheme: SchemeSettings) -> Signer:
    def signer(event_id: str, event_type: str, timestamp: int, body: bytes) -> list[tuple[str, str]]:
        return sign(scheme, event_id=event_id, event_type=event_type, timestamp=timestamp, body=body)

    return signer


def _scheme(desk: Desk, wish: SandboxWish) -> SchemeSettings | None:
    if wish.source:
        return _scheme_of(desk, wish.source)
    if not wish.scheme:
        return None
    context = {"environ": desk.environ, "folder": Path()}
    try:
        found: SchemeSettings = TypeAdapter(SchemeSettings).validate_python(_table(wish), context=context)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        raise Misuse(f"--webhook-scheme cannot be used: {problems}") from None  # the error may hold a secret
    return found


def _scheme_of(desk: Desk, source: str) -> SchemeSettings:
    return one_source(config_of(desk), source).sources[source].scheme


def _table(wish: SandboxWish) -> Mapping[str, Any]:
    """
    Return the scheme as a table of the configuration: from JSON, or from its type and one secret.
    """
    if not wish.scheme.startswith("{"):
        return {"type": wish.scheme, **({"secrets": [wish.secret]} if wish.secret else {})}
    try:
        found: Mapping[str, Any] = json.loads(wish.scheme)
    except ValueError as error:
        raise Misuse(f"--webhook-scheme is no JSON: {error}") from error
    return found


def notification_of(desk: Desk, text: str) -> Notification:
    """
    Return a notification from its JSON, or from a file that holds it; values of headers may be references.

    Raises:
        Misuse: It cannot be had like that.

    """
    try:
        source = text if text.lstrip().startswith("{") else Path(text).read_text("utf-8")
        found = TypeAdapter(Notification).validate_json(source)
    except OSError as error:
        raise Misuse(f"--notification: {text} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise Misuse(f"--notification cannot be used: {problems}") from None  # the error may hold a secret
    headers = {name: _secret(desk, value, "--notification") for name, value in found.headers.items()}
    return replace(found, headers=headers)


def _token(desk: Desk, text: str) -> str:
    return _secret(desk, text, "--token")


def _secret(desk: Desk, text: str, option: str) -> str:
    try:
        return read_secret(text, environ=desk.environ, folder=Path()).reveal()
    except SecretError as error:
        raise Misuse(f"{option}: {error}") from error
