"""
What `orderhook` ends with: scripts and schedulers decide by these numbers.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """
    How a command ended.
    """

    #: Done, or everything is as it should be.
    OK = 0
    #: Something failed, or what was checked does not hold.
    FAILED = 1
    #: The command line or the configuration cannot be used.
    USAGE = 2
    #: Redis does not answer.
    NO_REDIS = 3
    #: There is no such event, source or workflow.
    NOT_FOUND = 4
    #: Ctrl-C before the command was done.
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done, or all is well",
    ExitCode.FAILED: "failed, or does not hold",
    ExitCode.USAGE: "usage or configuration",
    ExitCode.NO_REDIS: "Redis unreachable",
    ExitCode.NOT_FOUND: "not found",
    ExitCode.INTERRUPTED: "interrupted",
}
