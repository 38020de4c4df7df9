"""
Why a command of the console ends early: one tree, each class with its exit code.

    ConsoleError
    ├── Misuse       the command cannot be carried out as it was asked for
    ├── NotFound     what it names is not there
    ├── NoRedis      Redis does not answer
    └── Failed       it was tried and did not work
"""

from typing import ClassVar

from .exit_codes import ExitCode


class ConsoleError(Exception):
    """
    Root of the tree; the message is for a person, with what was found and what helps.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class Misuse(ConsoleError):
    """
    The command cannot be carried out as it was asked for.
    """

    exit_code = ExitCode.USAGE


class NotFound(ConsoleError):
    """
    What the command names is not there.
    """

    exit_code = ExitCode.NOT_FOUND


class NoRedis(ConsoleError):
    """
    Redis does not answer.
    """

    exit_code = ExitCode.NO_REDIS


class Failed(ConsoleError):
    """
    It was tried and did not work.
    """
