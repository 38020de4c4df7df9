"""
`orderhook send`: posts signed sample events to a source, as its sender would.
"""

import json
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.client import responses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from receiver.config import RawConfig, validated
from receiver.settings import ReceiverSettings, SourceSettings
from receiver.verification import SigningError, sign

from .. import render, samples
from ..access import config_of
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..http import Reply, call
from ..moments import span
from ..samples import Sample
from ..story import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    What is to be sent, as it was typed.
    """

    event_type: str
    source: str
    url: str
    event_id: str
    data: str
    count: int


def send(desk: Desk, letter: Letter, *, as_jsonl: bool) -> None:
    """
    Send the events, one after another, and print each answer.

    Raises:
        Failed: Some were not taken.

    """
    settings = one_source(config_of(desk), letter.source)
    terms = settings.sources[letter.source]
    url = _url(letter, settings)
    data = _data(letter.data)
    refused = 0
    for sample in _samples(letter, data):
        reply, elapsed_ms = _post(url, sample, terms)
        refused += not reply.ok
        _print(sample, reply, elapsed_ms, as_jsonl=as_jsonl)
    if refused:
        raise Failed(f"{refused} of {letter.count} were not taken by {url}")


def one_source(raw: RawConfig, name: str) -> ReceiverSettings:
    """
    Return the receiver's settings with that source only: the secrets of others are not needed.

    Raises:
        NotFound: There is no such source.
        ConfigError: Its table cannot be used.

    """
    tables = raw.values.get("sources")
    if not isinstance(tables, Mapping) or name not in tables:
        known = ", ".join(tables) if isinstance(tables, Mapping) and tables else "none"
        raise NotFound(f"no source {name!r} in {raw.path or 'the configuration'}; known: {known}")
    return validated(ReceiverSettings, raw, values={**raw.values, "sources": {name: tables[name]}})


def _url(letter: Letter, settings: ReceiverSettings) -> str:
    """
    Return where to post; an address without a path gets the source's.
    """
    section = settings.receiver
    base = letter.url or f"http://{section.host}:{section.port}"
    return f"{base.rstrip('/')}/webhooks/{letter.source}" if urlsplit(base).path in ("", "/") else base


def _data(text: str) -> Mapping[str, Any] | None:
    if not text:
        return None
    try:
        found = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (ValueError, OSError) as error:
        raise Misuse(f"--data cannot be read: {error}; expected a JSON object, or @FILE with one") from error
    if not isinstance(found, dict):
        raise Misuse(f"--data is {type(found).__name__}; expected a JSON object, or @FILE with one")
    return found


def _samples(letter: Letter, data: Mapping[str, Any] | None) -> Iterator[Sample]:
    first = Sample(
        event_id=letter.event_id or f"evt_{secrets.token_hex(12)}",
        event_type=letter.event_type,
        timestamp=int(time.time()),
        order_id=str(uuid.uuid4()),
        data=data,
    )
    yield first
    for number in range(2, letter.count + 1):
        event_id = f"{letter.event_id}-{number}" if letter.event_id else f"evt_{secrets.token_hex(12)}"
        yield replace(first, event_id=event_id, order_id=str(uuid.uuid4()), timestamp=int(time.time()))


def _post(url: str, sample: Sample, terms: SourceSettings) -> tuple[Reply, float]:
    content = samples.body(sample, terms)
    try:
        signed = sign(
            terms.scheme,
            event_id=sample.event_id,
            event_type=sample.event_type,
            timestamp=sample.timestamp,
            body=content,
        )
    except SigningError as error:
        raise Misuse(f"the source cannot be signed for: {error}") from error
    started = time.perf_counter()
    reply = call("POST", url, body=content, headers=[("Content-Type", "application/json"), *signed])
    return reply, (time.perf_counter() - started) * 1000


def _print(sample: Sample, reply: Reply, elapsed_ms: float, *, as_jsonl: bool) -> None:
    answer = reply.json()
    if as_jsonl:
        render.json_line({"eventId": sample.event_id, "status": reply.status, "answer": answer})
        return
    event_id, said = _read(answer)
    tone = Tone.GOOD if reply.ok else Tone.BAD
    outcome = f"{reply.status} {said or responses.get(reply.status, '')}"
    render.data(f"{event_id or sample.event_id}  ", (outcome, tone), f"  {span(elapsed_ms)}")


def _read(answer: Any) -> tuple[str, str]:
    """
    Return the event id and the outcome of the receiver's answer, or code and message of its refusal.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(data, dict):
        return str(data.get("eventId", "")), str(data.get("status", ""))
    if isinstance(error, dict):
        return "", f"{error.get('code', '')}: {error.get('message', '')}"
    return "", ""
