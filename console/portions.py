"""
Cutting a long stream into portions, without ever holding all of it. Pure.
"""

from collections.abc import Iterable, Iterator
from itertools import islice


def portions(stream: Iterable[str], size: int) -> Iterator[list[str]]:
    """
    Yield the stream in lists of *size*; the last may be shorter.
    """
    rest = iter(stream)
    while portion := list(islice(rest, size)):
        yield portion
