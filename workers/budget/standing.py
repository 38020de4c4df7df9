"""
How a budget stands, for those who look: its hash, read into a value. Pure; `keys.budget` is the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    One API's budget; times in milliseconds by Redis' clock, 0 for none.

    Args:
        rate_per_s: What 429s have taught; 0 for nothing.
        limit: And `left` until `reset`: the window that the API advertises; 0 for none.
        open: Why the circuit is open: `circuit_open`, `unauthorized`, or nothing while it is closed.
        what: What opened it.
        waiting: How many asked since the last try while it is open.
        answered: And `failed`: the calls of the last half minute, in which there was one.
    """

    rate_per_s: float
    limit: int
    left: int
    reset: int
    paused: int
    open: str
    what: str
    opened: int
    probe: int
    waiting: int
    answered: int
    failed: int

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "Standing":
        """Return what the fields of the hash spell; of an API that was not called for a day there are none."""

        def number(name: str) -> float:
            return float(fields.get(name) or 0)

        seen = [tuple(map(int, entry.split(":"))) for entry in fields.get("seen", "").split()]
        return cls(
            rate_per_s=number("rate"),
            limit=int(number("limit")),
            left=int(number("left")),
            reset=int(number("reset")),
            paused=int(number("paused")),
            open=fields.get("open", ""),
            what=fields.get("what", ""),
            opened=int(number("opened")),
            probe=int(number("probe")),
            waiting=int(number("waits")),
            answered=sum(entry[1] for entry in seen),
            failed=sum(entry[2] for entry in seen),
        )
