"""
The guard against loops: our writes are remembered, their echoes known, chains and orders limited.

Owns what a write's echo is and when an event is one too many. Refuses to know workflows and attempts.
"""

from .guard import LoopRules
from .memory import Memory, remembering
from .watched import WRITES, echoing, watched

__all__ = ["WRITES", "LoopRules", "Memory", "echoing", "remembering", "watched"]
