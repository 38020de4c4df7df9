"""
Where a worker may connect to on somebody else's word: URLs, addresses, and sessions that connect to no others.

Owns the guard against requests into the operator's own network (SSRF). Knows neither webhooks nor order APIs: those
of the configuration are the operator's own choice, and may be anywhere.
"""

from .addresses import refusal
from .destination import Destination, parse
from .session import Blocked, open_session, resolved

__all__ = ["Blocked", "Destination", "open_session", "parse", "refusal", "resolved"]
