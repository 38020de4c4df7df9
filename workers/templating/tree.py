"""
Templates inside of a table: each text in it is one, however deep it lies.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .text import Template, Unrenderable


def read(table: Any) -> Any:
    """
    Return the table with every text of it read as a template.

    Raises:
        Unrenderable: One of them is none; names its place.
    """
    return _read(table, "")


def names(table: Any) -> frozenset[str]:
    """Return what the templates in a table ask for: `order`, `event`, `data`."""
    return frozenset().union(*(template.names for template in _templates(table)))


def filled(table: Any, values: Mapping[str, Any]) -> Any:
    """
    Return the table with *values* in it; what comes to null is left out of its table.

    Raises:
        Unrenderable: A template asks for what is not there; names its place.
    """
    return _filled(table, values, "")


def texts(table: Any) -> Any:
    """Return the table as it was written."""
    if isinstance(table, Template):
        return table.text
    if isinstance(table, Mapping):
        return {key: texts(value) for key, value in table.items()}
    return [texts(value) for value in table] if isinstance(table, list | tuple) else table


def _read(part: Any, place: str) -> Any:
    if isinstance(part, str):
        return _at(place, lambda: Template.read(part))
    if isinstance(part, Mapping):
        return {key: _read(value, _joined(place, key)) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return tuple(_read(value, f"{place}[{index}]") for index, value in enumerate(part))
    return part


def _filled(part: Any, values: Mapping[str, Any], place: str) -> Any:
    if isinstance(part, Template):
        return _at(place, lambda: part.value(values))
    if isinstance(part, Mapping):
        found = {key: _filled(value, values, _joined(place, key)) for key, value in part.items()}
        return {key: value for key, value in found.items() if value is not None}
    if isinstance(part, list | tuple):
        return [_filled(value, values, f"{place}[{index}]") for index, value in enumerate(part)]
    return part


def _at(place: str, make: Any) -> Any:
    try:
        return make()
    except Unrenderable as error:
        raise Unrenderable(f"{place}: {error}" if place else str(error)) from None


def _joined(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _templates(part: Any) -> Iterator[Template]:
    if isinstance(part, Template):
        yield part
    elif isinstance(part, Mapping | tuple):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from _templates(value)
