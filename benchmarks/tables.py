"""
Medians, and a table that reads alike on a terminal and as Markdown.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Loss(Exception):
    """What was acknowledged or queued is not where it must be: the numbers mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One benchmark's outcome; `about` and `notes` are whole sentences."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[str]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """Return it as Markdown, with columns that line up."""
        lines = [("", *self.columns), *((name, *cells) for name, cells in self.rows.items())]
        widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
        head, *rest = (_row(line, widths) for line in lines)
        rule = "|".join(["", "-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:]), ""])
        notes = "\n".join(f"* {note}" for note in self.notes)
        return "\n\n".join(
            part for part in (f"## {self.title}", self.about, "\n".join([head, rule, *rest]), notes) if part
        )


def spread(values: Sequence[float]) -> tuple[float, str]:
    """Return the median, and lowest and highest as text."""
    digits = 0 if max(values) >= 100 else 1
    return statistics.median(values), f"{min(values):,.{digits}f}–{max(values):,.{digits}f}"


def ratio(found: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of the ratios of each round, so that a drift between rounds cancels out."""
    return statistics.median([a / b for a, b in zip(found, base, strict=True)])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
