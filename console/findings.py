"""
What a condition found, in a form that may be shown: the value that it asked about, and no more of it than that.

A value under a name such as `token` is hidden; of a value that is only asked to exist, its kind is shown.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from workers.conditions import Absent, Finding
from workers.conditions.operators import kind

#: Longest text of one value, in characters.
LONGEST = 200
_HIDDEN = "[hidden]"
_SECRET = re.compile(r"token|secret|passw|credential|api_?key|authorization|signature|cookie", re.IGNORECASE)


def as_json(finding: Finding) -> dict[str, object]:
    """
    Return the finding as the API and `--json` show it.
    """
    return {
        "where": finding.where,
        "path": finding.path,
        "operator": finding.operator,
        "expected": expected(finding),
        "actual": actual(finding),
        "held": finding.held,
    }


def in_words(finding: Finding) -> str:
    """
    Return the finding as a line: `countryCode $eq "NO": found "SE"`.
    """
    asked = f"{finding.path} {finding.operator} {_text(expected(finding))}"
    match finding.actual:
        case Absent.ORDER_NEEDED:
            return f"{asked}: not fetched"
        case Absent.MISSING:
            return f"{asked}: found nothing"
    return f"{asked}: found {_text(actual(finding))}"


def expected(finding: Finding) -> Any:
    """
    Return the value that was asked for, as far as it may be shown.
    """
    return _HIDDEN if _is_secret(finding) else finding.expected


def actual(finding: Finding) -> Any:
    """
    Return the value that was found, as far as it may be shown.
    """
    found = finding.actual
    if isinstance(found, Absent):
        return found.value
    if _is_secret(finding):
        return _HIDDEN
    return f"a {kind(found)}" if finding.operator == "$exists" else _shown(found)


def _is_secret(finding: Finding) -> bool:
    return any(map(_SECRET.search, finding.path.split(".")))


def _shown(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
        case Mapping():
            return {name: _HIDDEN if _SECRET.search(name) else _shown(inner) for name, inner in value.items()}
        case list():
            return [_shown(inner) for inner in value]
    return value


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
