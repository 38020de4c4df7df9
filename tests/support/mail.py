"""
A real mail server on a loopback port: TLS, login, and answers as they are told.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.support.tls import self_signed
from tests.support.waiting import until

USER, PASSWORD = "orders", "a secret of the mail server"


@dataclass
class Mailbox:
    """What the server got, and what it is to answer."""

    port: int
    authority: Path
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    #: Answers to RCPT and to the letter, in turn; an empty one is a yes.
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    #: Break the connection off behind the letter, in place of an answer.
    breaks_off: bool = False
    takes_login: bool = True
    open: set[SMTP] = field(default_factory=set)

    async def handle_RCPT(self, server: SMTP, _: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answer = self.rcpt.pop(0) if self.rcpt else ""
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else ""
        if not answer:
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.breaks_off:
            server.transport.close()
        return answer or "250 taken"

    def admits(self, *_: Any) -> AuthResult:
        found: LoginPassword = _[-1]
        good = self.takes_login and (found.login, found.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    @property
    def settings(self) -> dict[str, Any]:
        """The table `[email]` for it."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "from": "Nordlys <orders@shop.example>",
            "ca_file": str(self.authority),
        }


@contextlib.contextmanager
def mail_server(folder: Path, *, tls: str = "starttls") -> Iterator[Mailbox]:
    """Serve until the block ends, in a thread with a loop of its own."""
    context = self_signed(folder, name="mail server", days=10)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    box = Mailbox(port=port, authority=folder / "server.pem")
    controller = _Controller(box, context, tls, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box
    finally:
        until(lambda: not box.open)
        controller.stop()


class _Session(SMTP):
    """A connection, which the server does not leave open when it stops."""

    def connection_made(self, transport: Any) -> None:
        self.event_handler.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.open.discard(self)


class _Controller(Controller):
    def __init__(self, box: Mailbox, context: ssl.SSLContext, tls: str, **more: Any) -> None:
        self._box, self._context, self._tls = box, context, tls
        super().__init__(box, ssl_context=context if tls == "implicit" else None, **more)

    def factory(self) -> SMTP:
        return _Session(
            self._box,
            tls_context=self._context if self._tls == "starttls" else None,
            require_starttls=self._tls == "starttls",
            authenticator=self._box.admits,
            auth_required=True,
            auth_require_tls=self._tls == "starttls",  # it does not count its own implicit TLS
        )

    def _trigger_server(self) -> None:
        """Connect once, so that the first client finds it awake; with TLS that may not be verified."""
        with contextlib.suppress(ssl.SSLError):
            super()._trigger_server()
