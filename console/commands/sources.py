"""
`orderhook sources`: who may send, how each is verified, and what is weak about it.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from receiver.config import Gathering, RawConfig
from receiver.settings import ReceiverSettings, SourceSettings, receiver_settings
from workers.settings import ApiSettings, worker_settings

from .. import render
from ..access import config_of, settings_of
from ..desk import Desk
from ..render import Piece
from ..settings import ConsoleSource
from ..story import Tone

#: What a scheme proves, for those that prove less than who sent what, and when.
_WEAKNESSES = {
    "unsigned": "anybody may send: nothing is proved of a delivery",
    "header": "the header proves who sends, and nothing about what is sent: use TLS",
    "basic": "the password proves who sends, and nothing about what is sent: use TLS",
}


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print the sources of the configuration; needs no secrets.
    """
    raw = config_of(desk)
    sources = settings_of(desk).sources
    rows = [(name, scheme_type(raw, name), source) for name, source in sources.items()]
    if as_jsonl:
        for name, scheme, source in rows:
            render.json_line({"source": name, "scheme": scheme, **source.model_dump(mode="json")})
    elif rows:
        titles = ("SOURCE", "PATH", "SCHEME", "SYSTEM", "TRUST", "DURABILITY", "RETENTION", "ENABLED")
        render.table(titles, [_row(name, scheme, source) for name, scheme, source in rows])
    else:
        render.talk("no sources")


def scheme_type(raw: RawConfig, name: str) -> str:
    """
    Return by what scheme a source is verified, as the configuration spells it.
    """
    scheme = raw.values["sources"][name].get("scheme")
    return str(scheme.get("type", "?")) if isinstance(scheme, dict) else "?"


def _row(name: str, scheme: str, source: ConsoleSource) -> Sequence[Piece]:
    return (
        name,
        f"/webhooks/{name}",
        (scheme, Tone.WARN if scheme == "unsigned" else Tone.PLAIN),
        source.system or "-",
        source.trust,
        source.durability,
        f"{source.retention_days} d",
        "yes" if source.enabled else "no",
    )


def check(desk: Desk) -> None:
    """
    Check the whole configuration, secrets and tokens included, and print what was understood.

    Raises:
        ConfigError: With every problem of the receiver's and the workers' side.

    """
    raw = config_of(desk)
    gathering = Gathering()
    receiving = gathering.attempt(lambda: receiver_settings(raw))
    working = gathering.attempt(lambda: worker_settings(raw))
    gathering.raise_all()
    assert receiving is not None, "else there was a problem"
    assert working is not None, "else there was a problem"
    weak = 0
    for name, source in receiving.sources.items():
        weak += _print(name, source, working.apis.get(name), receiving)
    sources, warnings = render.counted(len(receiving.sources), "source"), render.counted(weak, "warning")
    render.talk(f"{sources} can be used, with {warnings}")


def _print(name: str, source: SourceSettings, api: ApiSettings | None, settings: ReceiverSettings) -> int:
    section = settings.receiver
    render.data(
        ("ok       ", Tone.GOOD), f"{name}  POST http://{section.host}:{section.port}/webhooks/{name}"
    )
    render.data(f"         verified by {source.scheme.type}{_secrets(source)}")
    if api is not None:
        render.data(f"         asks {api.base_url} with {api.token!r}")
    found = list(warnings(source, api))
    for warning in found:
        render.data(("warning  ", Tone.WARN), f"{name}: {warning}")
    return len(found)


def _secrets(source: SourceSettings) -> str:
    found = getattr(source.scheme, "secrets", ())
    return f" with {', '.join(repr(each.secret) for each in found)}" if found else ""


def warnings(source: SourceSettings, api: ApiSettings | None) -> Iterator[str]:
    """
    Yield what is allowed and weak, one sentence each.
    """
    if weakness := _WEAKNESSES.get(source.scheme.type):
        yield weakness
    if source.scheme.type == "unsigned" and source.trust == "payload":
        yield 'its payload is believed; trust = "hint" acts on what the order API answers'
    if getattr(source.scheme, "algorithm", "") == "sha1":
        yield "SHA-1 is weak; take sha256 if the sender can"
    if any(each.secret.reference == "literal" for each in getattr(source.scheme, "secrets", ())):
        yield "a secret stands in the file itself; env:NAME or file:PATH keeps it out"
    if not source.enabled:
        yield "it is disabled: its deliveries are answered 404"
    if api is not None and api.base_url.startswith("http://") and not _is_local(api.base_url):
        yield f"the token goes to {api.base_url} without TLS"


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
