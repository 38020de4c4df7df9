"""
The page of the REST API, `docs/rest-api.md`, written from the same declarations as the OpenAPI document.

Owns the form of the operations' part; what is said above them is given.
"""

import json
from collections.abc import Iterator, Sequence

from .openapi import Node, described, document, error_codes
from .operation import Operation
from .refusals import MEANINGS, STATUSES, ErrorCode

#: A bar that does not end its cell.
_PIPE = "\\|"


def operations_text(operations: Sequence[Operation]) -> str:
    """
    Return every operation in Markdown, tag by tag, and the table of errors.
    """
    found = document(operations)
    parts: list[str] = [_error_table()]
    for tag in dict.fromkeys(operation.tag for operation in operations):
        parts.append(f"## {tag}\n")
        parts += [_operation(one, found) for one in operations if one.tag == tag]
    return "\n".join(parts)


def _error_table() -> str:
    rows = [f"| `{code}` | {STATUSES[code].value} | {MEANINGS[code]} |" for code in ErrorCode]
    return "\n".join(["## Errors", "", "| code | status | when |", "|---|---|---|", *rows, ""])


def _operation(operation: Operation, found: Node) -> str:
    node = found["paths"][operation.path][operation.method.lower()]
    return "\n".join(
        [
            f"### {operation.method} {operation.path}",
            "",
            f"{operation.summary}.",
            "",
            *_sentences(described(operation)),
            "",
            *_parameters(node),
            *_body(node, found),
            *_answer(operation, node, found),
            f"Errors: {', '.join(f'`{code}`' for code in error_codes(operation))}.",
            "",
        ]
    )


def _sentences(text: str) -> Iterator[str]:
    """
    Yield one sentence a line, as the other pages have it.
    """
    for paragraph in text.split("\n\n"):
        yield from paragraph.replace("\n", " ").replace(". ", ".\n").strip().split("\n")


def _parameters(node: Node) -> Iterator[str]:
    if node["parameters"]:
        yield from ("| parameter | in | value | meaning |", "|---|---|---|---|")
        for one in node["parameters"]:
            name = f"**`{one['name']}`**" if one["required"] else f"`{one['name']}`"
            yield f"| {name} | {one['in']} | {_cell(_value(one['schema']))} | {_cell(one['description'])} |"
        yield ""


def _body(node: Node, found: Node) -> Iterator[str]:
    if "requestBody" in node:
        yield from ("Body:", "")
        schema = node["requestBody"]["content"]["application/json"]["schema"]
        yield from _fields(_resolved(schema, found), found)


def _answer(operation: Operation, node: Node, found: Node) -> Iterator[str]:
    if operation.answer is None:
        yield from (f'Answers {operation.status} `{{"success": true}}`.', "")
        return
    envelope = node["responses"][str(operation.status)]["content"]["application/json"]["schema"]
    data = envelope["properties"]["data"]
    what = "with a page of" if operation.many else "with a list of" if operation.bare_list else "with"
    yield from (f"Answers {operation.status} {what} `data`:", "")
    yield from _fields(_resolved(data.get("items", data), found), found)


def _fields(schema: Node, found: Node) -> Iterator[str]:
    yield from ("| field | value | meaning |", "|---|---|---|")
    yield from _rows(schema, found, prefix="", depth=0)
    yield ""


def _rows(schema: Node, found: Node, *, prefix: str, depth: int) -> Iterator[str]:
    for name, one in schema.get("properties", {}).items():
        required = name in schema.get("required", ()) and "default" not in one
        shown = f"**`{prefix}{name}`**" if required else f"`{prefix}{name}`"
        resolved = _resolved(one, found)
        about = one.get("description", resolved.get("description", ""))
        yield f"| {shown} | {_cell(_value(resolved))} | {_cell(about)} |"
        inner = _resolved(resolved.get("items", resolved), found)
        if depth < 3 and inner.get("properties"):  # noqa: PLR2004 - deeper ones are in the OpenAPI document
            dots = f"{prefix}{name}{'[]' if 'items' in resolved else ''}."
            yield from _rows(inner, found, prefix=dots, depth=depth + 1)


def _resolved(schema: Node, found: Node) -> Node:
    """
    Return a schema itself where it is a reference; of one that may be null, what else it may be.
    """
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    about: Node = {name: schema[name] for name in ("description", "default") if name in schema}
    if len(options) == 1:
        return {**_resolved(options[0], found), **about}
    if "$ref" not in schema:
        return schema
    target: Node = found["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {**target, **about}


def _value(schema: Node) -> str:
    return ", ".join(_value_parts(schema))


def _value_parts(schema: Node) -> Iterator[str]:
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        yield " or ".join(_value(one) for one in options)
    elif "enum" in schema:
        yield " or ".join(f"`{one}`" for one in schema["enum"])
    elif "const" in schema:
        yield f"`{schema['const']}`"
    else:
        yield _kind(schema)
    if "minimum" in schema and "maximum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("default") not in (None, "", [], {}):
        yield f"default `{json.dumps(schema['default'])}`"


def _kind(schema: Node) -> str:
    if schema.get("type") == "array":
        return "list"
    kinds = {"string": "text", "boolean": "true or false", "integer": "whole number"}
    known = {"date-time": "time"}.get(schema.get("format", ""))
    return known or kinds.get(str(schema.get("type", "")), str(schema.get("type", "any")))


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", _PIPE)
