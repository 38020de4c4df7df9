"""
`orderhook workflows explain`: why a workflow would or would not want an event, condition by condition.

What the event is about is fetched by the source's own client where the answer depends on it; nothing else is called.
"""

from collections.abc import Mapping
from dataclasses import asdict

from receiver.inbox import Inbox

from .. import findings, render
from ..access import config_of, find, redis_of, settings_of
from ..cases import case_of
from ..catalog import Catalog
from ..desk import Desk
from ..explaining import Explanation, as_json, decided, explained, needed
from ..fetching import fetch as fetch_entities
from ..render import Piece
from ..story import Tone


def run(desk: Desk, event_id: str, *, source: str, fetch: bool, as_jsonl: bool) -> None:
    """
    Print what each workflow makes of the event.

    Raises:
        NotFound: There is no such event.
        Failed: Its body, or what it is about, cannot be had.

    """
    with redis_of(desk) as client:
        record = find(Inbox(client), event_id, source=source)
        case = case_of(client, record, settings_of(desk))
        entries = Catalog.load(config_of(desk), client).entries
    fetched = fetch_entities(config_of(desk), record, needed(case, entries)) if fetch else {}
    remarks, found = decided(case, entries), explained(case, entries, fetched)
    if as_jsonl:
        codes = [asdict(remark) for remark in remarks]
        for one in found:
            render.json_line({**as_json(one), "decided": codes})
        return
    for remark in remarks:
        render.data((remark.text, Tone.WARN))
    for one in found:
        _print(one)


_VERDICTS: Mapping[bool | None, Piece] = {
    True: ("wants it", Tone.GOOD),
    False: ("does not want it", Tone.WARN),
}
_MARKS: Mapping[bool | None, Piece] = {
    True: ("    holds     ", Tone.GOOD),
    False: ("    does not  ", Tone.BAD),
    None: ("    depends   ", Tone.WARN),
}


def _print(one: Explanation) -> None:
    render.data(f"{one.entry.name or one.entry.guid}: ", _verdict(one))
    for remark in one.hindrances:
        render.data("    ", (remark.text, Tone.WARN))
    for finding in one.findings:
        render.data(_MARKS[finding.held], findings.in_words(finding))
    for remark in one.remarks:
        render.data("    ", (remark.text, Tone.FAINT))


def _verdict(one: Explanation) -> Piece:
    workflow = one.entry.workflow
    about = workflow.entity_type.lower() if workflow else "order"
    return _VERDICTS.get(one.wanted, (f"depends on the {about}, which was not fetched", Tone.WARN))
