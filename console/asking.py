"""
Asking before many things change. The question goes to stderr; where nobody can answer, the answer is no.
"""

import sys

from .errors import Failed, Misuse


def confirm(question: str) -> None:
    """
    Ask, and return only for a yes.

    Raises:
        Failed: The answer is no.
        Misuse: Nobody is there to answer.

    """
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise Misuse("nothing was changed: nobody answered; --yes answers beforehand")
    if answer.strip().lower() not in ("y", "yes"):
        raise Failed("nothing was changed")
