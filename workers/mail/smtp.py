"""
Handing a letter over to a mail server: one connection, one letter, and an honest word about what became of it.

SMTP has no idempotency key, so what counts is where it broke off. Before the letter's last line has gone out nothing
has been taken, and a repeat is safe; behind it, until the server answers, nobody knows.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path
from typing import Literal, cast

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from .. import lease
from ..failures import BadResponse, Effect, Failure, Permanent, Reason, Transient
from .letter import Letter, as_bytes

Tls = Literal["starttls", "implicit", "none"]

#: What is raised of a server that cannot do what is asked of it, STARTTLS or a login.
_UNABLE = (SMTPException, aiosmtplib.SMTPNotSupported)
#: Seconds that the farewell may take, once the letter has been taken.
_FAREWELL_S = 1.0


class MailReason(StrEnum):
    """Reasons of dead letters that only a mail server gives."""

    LOGIN = "email_login"
    TLS = "email_tls"
    CERTIFICATE = "email_certificate"
    RECIPIENT = "email_recipient"
    REFUSED = "email_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    Where letters are handed over.

    Args:
        login: User and password; None where the server asks for none.
        authorities: Who vouches for its certificate, as a file; None for whom the system trusts.
    """

    host: str
    port: int
    tls: Tls
    login: tuple[str, str] | None = field(default=None, repr=False)
    authorities: Path | None = None


@dataclass(slots=True, kw_only=True)
class Postman:
    """
    Sends letters from one address by one server.

    Args:
        deadline_s: How long a letter may take in all; less than its step has, so that this says what happened.
        at_once: Connections at the same time, of this process.
    """

    server: Server
    sender: Address
    deadline_s: float
    at_once: int = 4
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    _places: asyncio.Semaphore = field(init=False, repr=False)
    _trust: ssl.SSLContext | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def send(self, letter: Letter) -> Mapping[str, object]:
        """
        Hand a letter over and return what the ledger keeps of it.

        Raises:
            Failure: It was not taken, or nobody knows.
            LeaseLost: It came too late: another worker may have the event.
        """
        content = as_bytes(letter, sender=self.sender, now=self.now())
        talk = _Talk(self._connection(), self.server)
        try:
            async with asyncio.timeout(self.deadline_s), self._places:
                answer = await talk.deliver(letter, content, sender=self.sender, trust=self._context())
        except (SMTPException, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise failure_of(error, server=self.server, stage=talk.stage) from None
        finally:
            await talk.end()
        return {"messageId": f"<{letter.key}@{self.sender.domain}>", "answer": answer}

    async def look(self) -> None:
        """
        Connect and log in, as for a letter, and send none.

        Raises:
            Failure: The server is away, or refuses that.
        """
        talk = _Talk(self._connection(), self.server)
        try:
            async with asyncio.timeout(self.deadline_s):
                await talk.begin(self._context())
        except (SMTPException, OSError, ValueError) as error:
            raise failure_of(error, server=self.server, stage=talk.stage) from None
        finally:
            await talk.end()

    def _connection(self) -> SMTP:
        return SMTP(
            hostname=self.server.host,
            port=self.server.port,
            timeout=self.deadline_s,
            use_tls=self.server.tls == "implicit",
            start_tls=False,  # asked for by ourselves, so that its failure has a name
            tls_context=self._context() if self.server.tls == "implicit" else None,
            local_hostname=self.sender.domain,
        )

    def _context(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = ssl.create_default_context(cafile=self.server.authorities)
        return self._trust


class Stage(StrEnum):
    """How far a letter has come."""

    CONNECTING = "connecting"
    LOGIN = "login"
    RECIPIENT = "recipient"
    SENDING = "sending"  # its last line may have gone out
    TAKEN = "taken"


@dataclass(slots=True)
class _Talk:
    """One conversation with the server."""

    smtp: SMTP
    server: Server
    stage: Stage = Stage.CONNECTING

    async def begin(self, trust: ssl.SSLContext) -> None:
        await self.smtp.connect()
        if self.server.tls == "starttls":
            await self.smtp.starttls(tls_context=trust)
        if self.server.login:
            self.stage = Stage.LOGIN
            await self.smtp.login(*self.server.login)

    async def deliver(self, letter: Letter, content: bytes, *, sender: Address, trust: ssl.SSLContext) -> str:
        await self.begin(trust)
        self.stage = Stage.RECIPIENT
        await self.smtp.mail(sender.addr_spec)
        await self.smtp.rcpt(letter.to.addr_spec)
        lease.check()
        self.stage = Stage.SENDING
        answer = await self.smtp.data(content)
        self.stage = Stage.TAKEN
        return answer.message[:200]

    async def end(self) -> None:
        transport = self.smtp.transport
        if self.stage is Stage.TAKEN:
            with contextlib.suppress(SMTPException, OSError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self.smtp.quit()
        self.smtp.close()
        if transport is not None:
            # The farewell of TLS might outlive the loop. (No transport of uvloop's is of a class of asyncio's.)
            cast(asyncio.WriteTransport, transport).abort()
            await asyncio.sleep(0)


def failure_of(error: Exception, *, server: Server, stage: Stage) -> Failure:
    """Say what an error means for the letter, and who must act. Pure."""
    said = f"mail server {server.host}:{server.port}"
    if isinstance(error, SMTPResponseException) and error.code > 0:
        return _refusal(said, error, stage)
    if certificate := _in_chain(error, ssl.SSLCertVerificationError):
        why = getattr(certificate, "verify_message", "") or "it cannot be verified"
        message = (
            f"{said}: its certificate is refused ({why}); its operator must renew it, or correct email.host"
        )
        return Permanent(message, reason=MailReason.CERTIFICATE)
    if _in_chain(error, ssl.SSLError):
        message = f"{said}: no TLS as configured ({_words(error)}); correct email.tls and email.port"
        return Permanent(message, reason=MailReason.TLS)
    if type(error) in _UNABLE and stage is not Stage.SENDING:
        reason = MailReason.LOGIN if stage is Stage.LOGIN else MailReason.TLS
        return Permanent(f"{said}: {_words(error)}; correct [email]", reason=reason)
    return _broken_off(said, error, stage)


def _refusal(said: str, error: SMTPResponseException, stage: Stage) -> Failure:
    """A server that answers has not taken the letter, whatever it says. Source: RFC 5321, 4.2.1."""
    answer = f"{said} answered {error.code} {' '.join(str(error.message).split())}"
    if 400 <= error.code < 500:  # noqa: PLR2004 - the class of what may be tried again
        return Transient(f"{answer}; it is tried again", reason=Reason.UPSTREAM_ERROR)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or stage is Stage.LOGIN:
        return Permanent(f"{answer}; correct user and password in [email]", reason=MailReason.LOGIN)
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return Permanent(f"{answer}; the address takes no mail", reason=MailReason.RECIPIENT)
    return Permanent(f"{answer}; whoever runs it, or wrote the mail, must act", reason=MailReason.REFUSED)


def _broken_off(said: str, error: Exception, stage: Stage) -> Failure:
    effect: Effect = "unknown" if stage is Stage.SENDING else "none"
    left = "; whether it took the letter is not known" if effect == "unknown" else ""
    if isinstance(error, SMTPResponseException):
        return BadResponse(f"{said}: expected SMTP, found something else{left}", effect=effect)
    if isinstance(error, ValueError):
        return Permanent(f"{said}: the letter cannot be sent ({type(error).__name__})", effect=effect)
    reason = Reason.TIMEOUT if isinstance(error, TimeoutError) else Reason.IO_ERROR
    return Transient(
        f"{said}: broke off while {stage.value} ({_words(error)}){left}", reason=reason, effect=effect
    )


def _words(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", "") or str(error) or type(error).__name__).split())


def _in_chain(error: BaseException | None, kind: type[ssl.SSLError]) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
