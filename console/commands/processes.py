"""
`orderhook receiver`, `worker` and `sandbox`: one process each, until SIGTERM or Ctrl-C.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from receiver import logs, server
from receiver.secrets import SecretError, read_secret
from receiver.settings import ReceiverSettings, receiver_settings
from receiver.verification import SchemeSettings, sign
from sandbox.config import SandboxConfig, SenderRules, Signer
from sandbox.server import run as run_sandbox
from workers.settings import worker_settings
from workers.supervisor import Supervisor

from ..access import config_of
from ..desk import Desk
from ..errors import Misuse
from ..ports import check_free
from .send import one_source


def receiver(desk: Desk, *, host: str | None, port: int | None) -> None:
    """
    Take in deliveries.

    Raises:
        ConfigError: The configuration cannot be used.
        WeakDurability: Redis does not give what a source asks for.

    """
    settings = _listening(receiver_settings(config_of(desk)), host=host, port=port)
    check_free(settings.receiver.host, settings.receiver.port, option="--port")
    logs.set_up()
    server.run(settings)


def _listening(settings: ReceiverSettings, *, host: str | None, port: int | None) -> ReceiverSettings:
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"receiver": settings.receiver.model_copy(update=chosen)})


def worker(desk: Desk, *, processes: int | None, concurrency: int | None) -> int:
    """
    Work on events, in processes that are started anew whenever one ends; return the exit code.

    Raises:
        ConfigError: The configuration cannot be used.

    """
    # The worker processes read the configuration by themselves, from the environment that they inherit.
    os.environ.update(desk.environ)
    if concurrency is not None:
        os.environ["ORDERHOOK_WORKER__CONCURRENCY"] = str(concurrency)
    settings = worker_settings(config_of(Desk(environ=os.environ)))
    logs.set_up()
    return Supervisor(processes=processes or settings.worker.processes).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxWish:
    """
    How the sandbox is wanted, as it was typed; secrets and tokens are references.
    """

    host: str
    port: int
    webhook_url: str | None = None
    #: The source of the configuration whose scheme signs, or a scheme by its type or as JSON, with a secret.
    source: str = ""
    scheme: str = ""
    secret: str = ""
    token: str = ""
    auto_advance_s: float | None = None
    effects_file: Path | None = None
    seed: int | None = None


def sandbox(desk: Desk, wish: SandboxWish) -> None:
    """
    Play the order API and its sender.

    Raises:
        Misuse: It cannot be had like that.

    """
    config = SandboxConfig(
        host=wish.host,
        port=wish.port,
        webhook_url=wish.webhook_url,
        signer=_signer(desk, wish),
        tokens=(_token(desk, wish.token),) if wish.token else SandboxConfig().tokens,
        auto_advance_s=wish.auto_advance_s,
        effects_file=wish.effects_file,
        seed=wish.seed,
        sender=SenderRules(stop_grace_s=2.0),
    )
    check_free(wish.host, wish.port, option="--port")
    logs.set_up()
    run_sandbox(config)


def _signer(desk: Desk, wish: SandboxWish) -> Signer | None:
    scheme = _scheme(desk, wish)
    if scheme is None:
        return None

    def signer(event_id: str, event_type: str, timestamp: int, body: bytes) -> list[tuple[str, str]]:
        return sign(scheme, event_id=event_id, event_type=event_type, timestamp=timestamp, body=body)

    return signer


def _scheme(desk: Desk, wish: SandboxWish) -> SchemeSettings | None:
    if wish.source:
        return one_source(config_of(desk), wish.source).sources[wish.source].scheme
    if not wish.scheme:
        return None
    context = {"environ": desk.environ, "folder": Path()}
    try:
        found: SchemeSettings = TypeAdapter(SchemeSettings).validate_python(_table(wish), context=context)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        raise Misuse(f"--webhook-scheme cannot be used: {problems}") from None  # the error may hold a secret
    return found


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


def _token(desk: Desk, text: str) -> str:
    try:
        return read_secret(text, environ=desk.environ, folder=Path()).reveal()
    except SecretError as error:
        raise Misuse(f"--token: {error}") from error
