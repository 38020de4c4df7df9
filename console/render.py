"""
What people see: lines and tables on stdout, talk on stderr, colours only on a terminal.

Nothing is cut or folded, so that what is copied or piped is whole; what cannot be printed shows as an escape,
since a sender chooses some of the words.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from receiver.lifecycle import Status

from .story import Tone

STYLES: Mapping[Tone, str] = {
    Tone.PLAIN: "",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.WARN: "yellow",
    Tone.BAD: "bold red",
}

STATUS_TONES: Mapping[Status, Tone] = {
    Status.SUCCEEDED: Tone.GOOD,
    Status.IGNORED: Tone.FAINT,
    Status.SUPERSEDED: Tone.FAINT,
    Status.DISCARDED: Tone.FAINT,
    Status.RETRYING: Tone.WARN,
    Status.PAUSED: Tone.WARN,
    Status.DEAD: Tone.BAD,
}

#: A cell or a piece of a line: text, or text with its tone.
Piece = str | tuple[str, Tone]


def visible(text: str) -> str:
    """
    Return *text* without what could move a terminal's cursor; letters of any script stay.
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def data(*pieces: Piece) -> None:
    """
    Print one line of data to stdout.
    """
    _console(sys.stdout).print(_line(pieces), soft_wrap=True)


def talk(*pieces: Piece) -> None:
    """
    Print one line of talk to stderr.
    """
    _console(sys.stderr).print(_line(pieces), soft_wrap=True)


def json_line(value: Mapping[str, Any]) -> None:
    """
    Print one line of JSON to stdout.
    """
    print(json.dumps(value, ensure_ascii=False), flush=True)


def table(titles: Sequence[str], rows: Iterable[Sequence[Piece]]) -> None:
    """
    Print columns to stdout, each as wide as its widest cell; the last is not filled up.
    """
    lines: list[Sequence[Piece]] = [[(title, Tone.FAINT) for title in titles], *rows]
    widths = [max(len(visible(_text(line[column]))) for line in lines) for column in range(len(titles))]
    for line in lines:
        data(*_filled(line, widths))


def fields(pairs: Iterable[tuple[str, Piece]]) -> None:
    """
    Print names and values to stdout, one pair a line; empty values are left out.
    """
    shown = [(name, value) for name, value in pairs if _text(value)]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        data((name.ljust(width + 2), Tone.FAINT), value)


def status(value: Status) -> Piece:
    """
    Return a status with its tone.
    """
    return value.value, STATUS_TONES.get(value, Tone.PLAIN)


def counted(number: int, noun: str) -> str:
    """Return `1 event`, `2 events`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _filled(line: Sequence[Piece], widths: Sequence[int]) -> Iterable[Piece]:
    for cell, width in zip(line[:-1], widths, strict=False):
        yield cell
        yield " " * (width - len(visible(_text(cell))) + 2)
    yield line[-1]


def _text(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece[0]


def _line(pieces: Iterable[Piece]) -> Text:
    line = Text()
    for piece in pieces:
        text, tone = (piece, Tone.PLAIN) if isinstance(piece, str) else piece
        line.append(visible(text), STYLES[tone])
    return line


@lru_cache(maxsize=4)
def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False)
