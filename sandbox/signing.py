"""
Calling the injected signer, and spoiling what it returns.

Nothing here knows a scheme: what is spoilt is whatever depends on the body, else every value.
"""

from collections.abc import Mapping

from .config import Signer
from .deliveries import SentEvent

Headers = list[tuple[str, str]]


def signed_headers(signer: Signer | None, event: SentEvent, *, timestamp: int, spoil: bool) -> Headers:
    """
    Return the headers that sign one attempt; none without a signer.
    """
    if signer is None:
        return []
    good = signer(event.id, event.type, timestamp, event.body)
    if not spoil:
        return good
    # A signature of another body is well formed and wrong: what a forger would send.
    other = signer(event.id, event.type, timestamp, event.body + b" ")
    return other if other != good else [(name, _changed(value)) for name, value in good]


def header_signer(headers: Mapping[str, str]) -> Signer | None:
    """
    Return what proves a delivery by headers that are the same each time; None without any.
    """
    fixed = list(headers.items())
    return (lambda *_: list(fixed)) if fixed else None


def _changed(value: str) -> str:
    """
    Change the last character: for schemes that send a secret and sign nothing.
    """
    return value[:-1] + ("a" if value[-1:] != "a" else "b")
