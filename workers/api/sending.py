"""
What goes into a request: a path with its ids, a JSON body, a form with a file.

What cannot be sent is a `Permanent` failure before anything is: ids, names and values come out of payloads.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

from ..failures import Permanent
from .refusals import ApiReason
from .replies import Call


def json_of(call: Call, body: Mapping[str, Any]) -> bytes:
    """Return the body as JSON."""
    try:
        return msgspec.json.encode(body)
    except (ValueError, TypeError) as error:  # a lone surrogate, a value that JSON has no word for
        raise _unsendable(call, error) from error


def form_of(call: Call, content: bytes, *, name: str, media_type: str) -> aiohttp.FormData:
    """Return the content as a form with the one field `file`."""
    form = aiohttp.FormData()
    try:
        form.add_field("file", content, filename=name, content_type=media_type)
    except ValueError as error:  # a control character in the name or the type
        raise _unsendable(call, error) from error
    return form


def path_of(call: Call, ids: Mapping[str, str], query: Mapping[str, str] | None = None) -> str:
    """Return the path with its ids and its query, all escaped; a `$` stays, as in the samples of the Dispatch API."""
    try:
        path = call.route.filled(ids)
        return f"{path}?{urlencode(query, safe='$', quote_via=quote)}" if query else path
    except ValueError as error:  # an id that climbs, half a character
        raise _unsendable(call, error) from error


def _unsendable(call: Call, error: Exception) -> Permanent:
    message = f"{call} cannot be sent: {error}; whoever sends or configured such a value must act"
    return Permanent(message, reason=ApiReason.REQUEST_INVALID)
