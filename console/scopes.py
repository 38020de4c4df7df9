"""
What a token of the REST API may do. Light, since the command line is spelled with it.
"""

from enum import StrEnum


class Scope(StrEnum):
    """
    What a token may do; each includes those before it.
    """

    #: Look at everything but the bodies of events.
    READ = "read"
    #: Read bodies; replay, discard, resolve; change workflows.
    OPERATE = "operate"
    #: Manage tokens and providers, read the trail of changes.
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """
        Return whether a token of this scope may do what needs the other.
        """
        order = list(Scope)
        return order.index(self) >= order.index(needed)
