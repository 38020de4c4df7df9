"""
What a step did, in words: from an action's name and the result in the ledger to `tag "imported" assigned`.

Pure, and total for any result: an action of a user's own is shown by its name and what it returned.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from receiver.record import RESOLVED_BY

Result: TypeAlias = Mapping[str, Any]

#: Longest text of a result that is shown, in characters.
MAX_RESULT = 120


def done(action: str, detail: str) -> str:
    """
    Return what a finished step did; *detail* is the ledger's text, JSON or empty.
    """
    result = _read(detail)
    phrase = _PHRASES.get(action)
    return phrase(result) if phrase and isinstance(result, Mapping) else f"{action} done{_shown(result)}"


def said(detail: str) -> str:
    """
    Return a ledger's text for people: a JSON string without its quotes, anything else as it is.
    """
    found = _read(detail)
    return found if isinstance(found, str) else detail


def is_settled(detail: str) -> bool:
    """
    Return whether a ledger's text is the word of a person who took the step as done.
    """
    found = _read(detail)
    return isinstance(found, Mapping) and RESOLVED_BY in found


def _read(detail: str) -> Any:
    try:
        return json.loads(detail) if detail else None
    except ValueError:
        return detail


def _shown(result: object) -> str:
    if result is None:
        return ""
    text = json.dumps(result, ensure_ascii=False)
    return f": {text if len(text) <= MAX_RESULT else text[:MAX_RESULT] + '…'}"


def _tag_assigned(result: Result) -> str:
    tag = f'tag "{result.get("tag", "?")}"'
    return f"{tag} was there already" if result.get("already") else f"{tag} assigned"


def _tag_removed(result: Result) -> str:
    tag = f'tag "{result.get("tag", "?")}"'
    return f"{tag} was not there" if result.get("already") else f"{tag} removed"


def _dispatched(result: Result) -> str:
    return "order was dispatched already" if result.get("already") else "order dispatched"


def _cancelled(result: Result) -> str:
    return "order was cancelled already" if result.get("already") else "order cancelled"


def _fetched(result: Result) -> str:
    name, standing = (
        result.get("displayId") or result.get("id", ""),
        result.get("phase") or result.get("status"),
    )
    return f"order {name} read: {standing}"


_PHRASES: Mapping[str, Callable[[Result], str]] = {
    "assign_tag": _tag_assigned,
    "remove_tag": _tag_removed,
    "dispatch_order": _dispatched,
    "cancel_order": _cancelled,
    "fetch_order": _fetched,
}
