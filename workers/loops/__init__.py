"""
The guard against loops: our writes are remembered, their echoes known, chains and orders limited.

Owns what a write's echo is and when an event is one too many. Refuses to know workflows and attempts.
"""

from .echoes import Memory
from .guard import LoopRules
from .watched import WRITES, echoing, watched

__all__ = ["WRITES", "LoopRules", "Memory", "echoing", "watched"]
