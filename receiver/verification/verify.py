"""
From a source's scheme to a verdict on each of its deliveries.

Owns that the answer is a verdict for any headers and any bytes, and that no header which matters comes twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .hmac_check import HmacCheck
from .settings import (
    BasicSettings,
    HeaderSettings,
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
    #: Whether a verdict of `Verified` says anything about the sender.
    authentic: bool
    #: Whether the event id is part of what is signed.
    signs_id: bool
    #: How long a body is to be remembered where `Verified.replay_guard` is set, in seconds.
    tolerance_s: int
    #: Where this sender's bodies hold the event id and type, if it keeps them there.
    id_path: str | None
    type_path: str | None
    #: Each of these makes a request malformed if it comes twice: a proxy may have believed the other one.
    security_headers: frozenset[bytes]
    check: Callable[[Found, bytes, float], Verified]

    @classmethod
    def build(cls, settings: SchemeSettings) -> "Verifier":
        check = _check(settings)
        options = getattr(settings, "options", None)
        return cls(
            scheme=settings.type,
            authentic=not isinstance(settings, UnsignedSettings),
            signs_id=options.signs_id if options else isinstance(settings, StandardWebhooksSettings),
            tolerance_s=getattr(settings, "tolerance_s", 0),
            id_path=options.id_path if options else None,
            type_path=options.type_path if options else None,
            security_headers=check.headers | _ALWAYS_SINGLE,
            check=check,
        )

    def verify(self, headers: Headers, body: bytes, *, now: float) -> Verdict:
        """
        Return the verdict on a delivery that arrived at *now*, in seconds since 1970.
        """
        found: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in self.security_headers:
                if name in found:
                    return Rejected(code=RejectionCode.REQUEST_MALFORMED, detail=f"{name.decode()} came twice")
                found[name] = value
        try:
            return self.check(found, body, now)
        except Refusal as refusal:
            return Rejected(code=refusal.code, detail=refusal.detail)
