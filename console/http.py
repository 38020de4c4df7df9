"""
One HTTP call at a time, for commands: to the receiver and to the sandbox. No redirects, no proxies, bounded answers.
"""

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .errors import Failed, Misuse

#: Of an answer so much is read.
_MAX_ANSWER_BYTES = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    An answer.
    """

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status // 100 == 2  # noqa: PLR2004 - the class 2xx

    def json(self) -> Any:
        """
        Return the body as JSON, None where it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def call(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
    timeout_s: float = 10.0,
) -> Reply:
    """
    Make one call.

    Raises:
        Misuse: The URL cannot be called.
        Failed: No answer came.

    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Misuse(f"{url!r} cannot be called; expected http://host or https://host")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request(method, target, body or None, dict(headers))
        answer = connection.getresponse()
        return Reply(status=answer.status, body=answer.read(_MAX_ANSWER_BYTES))
    except (OSError, http.client.HTTPException) as error:
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        raise Failed(f"{place} does not answer: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
