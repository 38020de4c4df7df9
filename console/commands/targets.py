"""
`orderhook targets list` and `enable`: where outbound webhooks go, and those that want none any more.

Needs neither secrets nor tokens: of a URL that is a reference, the reference is shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from receiver.record import moment
from workers.egress import parse
from workers.targets import standing
from workers.targets.standing import Standing

from .. import render
from ..access import config_of, now_ms, redis_of
from ..desk import Desk
from ..errors import NotFound
from ..moments import span
from ..render import Piece
from ..story import Tone


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print each configured target and how it stands.
    """
    configured = _configured(desk)
    with redis_of(desk) as client:
        found = {name: Standing.of(client, name) for name in configured}
        now = now_ms(client)
    if as_jsonl:
        for name, each in found.items():
            render.json_line(_fields(name, configured[name], each))
    elif found:
        rows = (_row(name, configured[name], each, now) for name, each in found.items())
        render.table(("TARGET", "URL", "UNDER WAY", "TAKES", "STATE"), rows)
    else:
        render.talk("no targets")


def enable(desk: Desk, name: str) -> None:
    """
    Let messages go to a target again that answered 410.

    Raises:
        NotFound: There is no such target.

    """
    if name not in (configured := _configured(desk)):
        known = f"known: {', '.join(configured)}" if configured else "none is configured"
        raise NotFound(f"no target {name!r}; {known}")
    with redis_of(desk) as client:
        was_disabled = standing.enable(client, name)
    if was_disabled:
        render.talk(
            f"{name} is enabled; what died meanwhile is replayed by: orderhook replay --all --dry-run"
        )
    else:
        render.talk(f"{name} was not disabled")


def _configured(desk: Desk) -> Mapping[str, Any]:
    found = config_of(desk).values.get("targets")
    return found if isinstance(found, Mapping) else {}


def _row(name: str, configured: Any, found: Standing, now: int) -> Sequence[Piece]:
    takes = f"{found.took_ms} ms" if found.took_ms else "-"
    return (name, _shown(configured), str(found.under_way), takes, _state(found, now))


def _state(found: Standing, now: int) -> Piece:
    if found.disabled:
        return f"disabled for {span(now - found.disabled)}: {found.why}", Tone.BAD
    return "enabled"


def _fields(name: str, configured: Any, found: Standing) -> Mapping[str, Any]:
    return {
        "target": name,
        "url": _shown(configured),
        "underWay": found.under_way,
        "tookMs": found.took_ms,
        "disabledAt": moment(found.disabled).isoformat() if found.disabled else None,
        "why": found.why,
    }


def _shown(configured: Any) -> str:
    """
    Return what of its URL may be seen: the reference, or scheme, host and port.
    """
    url = configured.get("url") if isinstance(configured, Mapping) else None
    if not isinstance(url, str):
        return "-"
    if url.startswith(("env:", "file:")):
        return url
    try:
        return parse(url, allow_private=True).shown
    except ValueError:
        return "-"
