"""
`orderhook dev`: everything on this machine, and the story of each order as it happens.

Owns starting, watching and stopping the other processes, and what a demonstration needs made up: ports, secrets,
a Redis. Takes no part in the work: it reads the inbox like any operator.
"""

from .scene import Demo
from .session import run

__all__ = ["Demo", "run"]
