"""
What a model expects at a path, read from its JSON Schema.

Owns the way through the schema (references, unions told apart by `type`) and the words for what stands there;
the problems of a configuration and the reference page use the same words.
Reads only what pydantic publishes, so a new kind of field needs no code here.

Two keywords mean something to us: `writeOnly`, of JSON Schema, marks a value that is never shown; `expected`,
ours by `json_schema_extra`, says in words what a pattern means.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .problems import Path, shown

Node: TypeAlias = Mapping[str, Any]

_NOTHING: Node = {}
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a table",
}
_BOUNDS = (
    ("minimum", "of at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "below"),
)


def node_at(root: Node, path: Path, values: object) -> Node:
    """
    Return the schema of *path*, empty where there is none; *values* decide which member of a union is meant.
    """
    node, value = opened(root, root, values), values
    for key in path:
        value = inside(value, key)
        node = opened(root, _child(node, key), value)
    return node


def inside(value: object, key: str | int) -> object:
    """
    Return what stands under *key*, None where nothing does.
    """
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def opened(root: Node, node: Node, value: object = None) -> Node:
    """
    Return *node* without reference and union, where it is clear which member *value* is.
    """
    while True:
        chosen = _chosen(root, node, value)
        if chosen is None:
            return node
        # What stands beside a reference (a description, a default) is said of this place.
        node = {**chosen, **{key: said for key, said in node.items() if key not in _UNIONS}}


_UNIONS = ("$ref", "anyOf", "oneOf", "allOf", "discriminator")


def _chosen(root: Node, node: Node, value: object) -> Node | None:
    if "$ref" in node:
        return _referenced(root, node["$ref"])
    if "discriminator" in node:
        reference = node["discriminator"]["mapping"].get(_tag(node, value))
        return _referenced(root, reference) if reference else None
    fitting = [member for member in members(node) if _fits(opened(root, member), value)]
    return fitting[0] if len(fitting) == 1 else None


def _referenced(root: Node, reference: str) -> Node:
    node: Node = root["$defs"][reference.removeprefix("#/$defs/")]
    return node


def _tag(node: Node, value: object) -> str | None:
    tag = inside(value, node["discriminator"]["propertyName"])
    return tag if isinstance(tag, str) else None


def members(node: Node) -> Sequence[Node]:
    """
    Return the members of a union but for null, which TOML cannot write.
    """
    union: Sequence[Node] = node.get("anyOf") or node.get("oneOf") or node.get("allOf") or ()
    return [member for member in union if member.get("type") != "null"]


def _fits(node: Node, value: object) -> bool:
    if isinstance(value, Mapping):
        return node.get("type") == "object"
    if isinstance(value, list):
        return node.get("type") == "array"
    return True


def _child(node: Node, key: str | int) -> Node:
    if isinstance(key, int):
        return _schema(node.get("items"))
    named = node.get("properties", _NOTHING).get(key)
    patterns = node.get("patternProperties", _NOTHING).values()
    return _schema(
        next((found for found in (named, *patterns, node.get("additionalProperties")) if found), None)
    )


def _schema(found: object) -> Node:
    return found if isinstance(found, Mapping) else _NOTHING  # `additionalProperties` may be true or false


def known_keys(node: Node) -> tuple[str, ...]:
    """
    Return the keys that a table has by name, in the order of the model.
    """
    return tuple(node.get("properties", _NOTHING))


def kinds(node: Node) -> frozenset[str]:
    """
    Return the JSON types that *node* admits; empty where it does not say.
    """
    if members(node):
        return frozenset(kind for member in members(node) for kind in kinds(member))
    return frozenset({node["type"]} if "type" in node else ())


def choices(node: Node) -> tuple[Any, ...]:
    """
    Return the values that a node with a closed set admits, else nothing.
    """
    if "discriminator" in node:
        return tuple(node["discriminator"]["mapping"])
    return (node["const"],) if "const" in node else tuple(node.get("enum", ()))


def described(node: Node) -> str:
    """
    Return in words what *node* admits.
    """
    if "expected" in node:
        return str(node["expected"])
    if "discriminator" in node:
        return f"a table with type = {one_of(choices(node))}"
    if choices(node):
        return one_of(choices(node))
    if members(node):
        return " or ".join(dict.fromkeys(map(described, members(node))))
    if node.get("format") == "date-time":
        return "a date and time with zone"
    return " ".join([_WORDS.get(node.get("type", ""), "a value"), *_limits(node)])


def one_of(values: Iterable[Any]) -> str:
    """
    Return *values* as a choice: `"a", "b" or "c"`.
    """
    *most, last = [shown(value) for value in values]
    return f"{', '.join(most)} or {last}" if most else last


def _limits(node: Node) -> Iterable[str]:
    if "minimum" in node and "maximum" in node:
        yield f"from {node['minimum']} to {node['maximum']}"
    else:
        yield from _bounds(node)
    if "pattern" in node:
        yield f"that matches {node['pattern']}"
    if node.get("minItems"):
        yield "that is not empty" if node["minItems"] == 1 else f"of at least {node['minItems']}"
    if node.get("minLength"):
        yield "that is not empty"


def _bounds(node: Node) -> Iterable[str]:
    bounds = [f"{word} {node[keyword]}" for keyword, word in _BOUNDS if keyword in node]
    if bounds:
        yield " and ".join(bounds)
