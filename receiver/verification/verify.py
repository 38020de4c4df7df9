"""
From a source's scheme to a verdict on each of its deliveries.

Owns that the answer is a verdict for any headers and any bytes, and that no header which matters comes twice.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from .hmac_check import HmacCheck
from .settings import (
    BasicSettings,
    HeaderSettings,
    HmacFamily,
    SchemeSettings,
    StandardWebhooksSettings,
    UnsignedSettings,
)
from .shapes import Found
from .standard_check import StandardCheck
from .token_check import NoCheck, TokenCheck
from .verdict import Headers, Refusal, Rejected, RejectionCode, Verdict, Verified

#: What a proxy in front of us may read in another way than we do, whatever the scheme.
_ALWAYS_SINGLE = frozenset({b"content-type", b"content-length"})


class Check(Protocol):
    """What a scheme's check is: it says yes, or raises `Refusal`, and nothing else, for any bytes."""

    @property
    def headers(self) -> frozenset[bytes]: ...

    def __call__(self, found: Found, body: bytes, now: float) -> Verified: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """
    One source's verification, built once from its settings.
    """

    scheme: str
    check: Check
    #: Each of these makes a request malformed if it comes twice: a proxy may have believed the other one.
    security_headers: frozenset[bytes]
    #: Whether a verdict of `Verified` says anything about the sender.
    authentic: bool = True
    #: Whether the event id is part of what is signed.
    signs_id: bool = False
    #: How long a body is to be remembered where `Verified.replay_guard` is set, in seconds.
    tolerance_s: int = 0
    #: Where this sender's bodies hold the event id and type, if it keeps them there.
    id_path: str | None = None
    type_path: str | None = None
    #: Whether its bodies are envelopes, and not what the event is about.
    envelope: bool = True

    @classmethod
    def build(cls, settings: SchemeSettings) -> "Verifier":
        match settings:
            case StandardWebhooksSettings():
                return _standard_webhooks(settings)
            case HeaderSettings():
                return _verifier(settings.type, TokenCheck.of_header(settings))
            case BasicSettings():
                return _verifier(settings.type, TokenCheck.of_basic(settings))
            case UnsignedSettings():
                return replace(_verifier(settings.type, NoCheck(settings)), authentic=False)
            case _:
                return _hmac(settings)

    def verify(self, headers: Headers, body: bytes, *, now: float) -> Verdict:
        """
        Return the verdict on a delivery that arrived at *now*, in seconds since 1970.
        """
        found: dict[bytes, bytes] = {}
        watched = self.security_headers
        for name, value in headers:
            if name in watched:
                if name in found:
                    return Rejected(
                        code=RejectionCode.REQUEST_MALFORMED, detail=f"{name.decode()} came twice"
                    )
                found[name] = value
        try:
            return self.check(found, body, now)
        except Refusal as refusal:
            return Rejected(code=refusal.code, detail=refusal.detail)


def _verifier(scheme: str, check: Check) -> Verifier:
    return Verifier(scheme=scheme, check=check, security_headers=check.headers | _ALWAYS_SINGLE)


def _standard_webhooks(settings: StandardWebhooksSettings) -> Verifier:
    check = StandardCheck(settings.headers, settings.secrets, tolerance_s=settings.tolerance_s)
    return replace(_verifier(settings.type, check), signs_id=True, tolerance_s=settings.tolerance_s)


def _hmac(settings: HmacFamily) -> Verifier:
    options = settings.options
    return replace(
        _verifier(
            settings.type,
            HmacCheck(settings.type, options, settings.secrets, tolerance_s=settings.tolerance_s),
        ),
        signs_id=options.signs_id,
        tolerance_s=settings.tolerance_s,
        id_path=options.id_path,
        type_path=options.type_path,
        envelope=options.envelope,
    )
