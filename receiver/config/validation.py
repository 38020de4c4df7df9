"""
From raw values to a model, or to all problems at once.

Owns the translation of pydantic's errors: the place as a dotted key of the file, the value unless it may be
secret, and what was expected in the words of `schema.py`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .problems import ConfigError, Path, Problem, dotted, kind_of, shown
from .reading import RawConfig
from .schema import Node, choices, described, inside, kinds, known_keys, node_at, one_of

M = TypeVar("M", bound=BaseModel)

#: Below a key of such a name no value is shown, whatever is wrong with it.
_SECRETIVE = re.compile(r"secret|token|password|credential", re.IGNORECASE)
_PLAIN_KINDS = frozenset({"integer", "number", "boolean"})


def validated(
    model: type[M],
    raw: RawConfig,
    *,
    values: Mapping[str, Any] | None = None,
    overlook: tuple[type[Exception], ...] = (),
) -> M:
    """
    Return the values of *raw* as *model*, text from the environment read as what each setting is.

    *values* are taken in place of those of *raw*; failures of validators named in *overlook* are no problems.

    Raises:
        ConfigError: With every problem, those of reading included; with none, if all were overlooked.

    """
    schema = schema_of(model)
    values = _typed(raw.values if values is None else values, raw, schema)
    problems = list(raw.problems)
    try:
        built = model.model_validate(values, context={"environ": raw.environ, "folder": raw.folder})
    except ValidationError as failed:
        errors = [error for error in _errors(failed) if not _is(error, overlook)]
        problems += [_problem(error, raw, values, schema) for error in errors]
    else:
        if not problems:
            return built
    # Raised out here, so that nothing chains pydantic's error: its text may show a value.
    raise ConfigError(problems)


def _errors(failed: ValidationError) -> Iterable[ErrorDetails]:
    """
    Yield the errors but for "too few", where entries were given and found wrong one by one.
    """
    errors = failed.errors(include_url=False)
    around = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return (error for error in errors if error["type"] != "too_short" or error["loc"] not in around)


def _is(error: ErrorDetails, failures: tuple[type[Exception], ...]) -> bool:
    return isinstance(error.get("ctx", {}).get("error"), failures)


@lru_cache(maxsize=8)
def schema_of(model: type[BaseModel]) -> Node:
    """
    Return the JSON Schema of *model*, made once.
    """
    return model.model_json_schema()


def _typed(values: Mapping[str, Any], raw: RawConfig, schema: Node) -> Mapping[str, Any]:
    for path in raw.origins:
        text = _at(values, path)
        kind = kinds(node_at(schema, path, values))
        if isinstance(text, str) and kind and "string" not in kind:
            values = _replaced(values, path, _scalar(text))
    return values


def _at(values: object, path: Path) -> object:
    for key in path:
        values = inside(values, key)
    return values


def _replaced(values: Mapping[Any, Any], path: Path, value: object) -> Mapping[Any, Any]:
    changed = dict(values)
    changed[path[0]] = value if len(path) == 1 else _replaced(values[path[0]], path[1:], value)
    return changed


def _scalar(text: str) -> object:
    """
    Return the number or truth value that *text* is, else *text*.
    """
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, int | float) else text


def _problem(error: ErrorDetails, raw: RawConfig, values: Mapping[str, Any], schema: Node) -> Problem:
    path = _path(error, values)
    found, expected = _said(error, path, values, schema)
    return Problem(where=raw.origin(path), key=dotted(path), found=found, expected=expected)


def _said(error: ErrorDetails, path: Path, values: Mapping[str, Any], schema: Node) -> tuple[str, str]:
    node = node_at(schema, path, values)
    match error["type"]:
        case "extra_forbidden":
            return "an unknown key", _instead(path, values, schema)
        case "missing" | "union_tag_not_found":
            return "nothing", described(node)
        case "string_pattern_mismatch" if error["loc"][-1] == "[key]":
            return "a name that cannot be used", f"a name that matches {error['ctx']['pattern']}"
        case "union_tag_invalid":
            return _tag(error, node)
        case "value_error" | "assertion_error":
            return _own_words(str(error["ctx"]["error"]), error["input"])
        case _:
            return _found(error["input"], path, node), described(node)


def _tag(error: ErrorDetails, node: Node) -> tuple[str, str]:
    tag = error["ctx"]["tag"]
    close = get_close_matches(tag, choices(node), n=1)
    return f"type = {shown(tag)}", f"type = {one_of(close or choices(node))}"


def _own_words(message: str, value: object) -> tuple[str, str]:
    """
    Split what a validator of ours says into found and expected: "…; expected …", "expected …, found …".
    """
    before, split, after = message.rpartition("expected ")
    if not split:
        return message, ""
    expected, _, found = after.partition(", found ")
    quoted = found.startswith(("'", '"'))  # its author knows that it may be shown
    return before.strip().removesuffix(";") or (found if quoted else kind_of(value)), expected


def _found(value: object, path: Path, node: Node) -> str:
    return shown(value) if _may_be_shown(path, node) else kind_of(value)


def _may_be_shown(path: Path, node: Node) -> bool:
    """
    Only where a number, a truth value or one of a closed set of words belongs: free text may be a secret.
    """
    if any(_SECRETIVE.search(str(part)) for part in path) or node.get("writeOnly"):
        return False
    return bool(choices(node)) or "expected" in node or (bool(kinds(node)) and kinds(node) <= _PLAIN_KINDS)


def _instead(path: Path, values: Mapping[str, Any], schema: Node) -> str:
    known = known_keys(node_at(schema, path[:-1], values))
    close = get_close_matches(str(path[-1]), known, n=1)
    return close[0] if close else f"one of {', '.join(known)}"


def _path(error: ErrorDetails, values: Mapping[str, Any]) -> Path:
    """
    Return pydantic's place without what is no key of the file: the member of a union, the mark of a key.
    """
    path: Path = ()
    value: object = values
    for place, part in enumerate(error["loc"]):
        missing = error["type"] == "missing" and place == len(error["loc"]) - 1
        if missing or (_is_there(value, part) and not _is_tag(error["loc"], place, value)):
            path, value = (*path, part), inside(value, part)
    return path


def _is_there(value: object, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def _is_tag(loc: tuple[str | int, ...], place: int, value: object) -> bool:
    # `scheme` is our one union told apart by `type`: pydantic puts the type's name right behind it. The name
    # may be a key too (`header` of an `hmac` scheme), so the place decides.
    return place > 0 and loc[place - 1] == "scheme" and inside(value, "type") == loc[place]
