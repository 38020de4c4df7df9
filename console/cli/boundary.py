"""
The edge of every command: what is expected to go wrong becomes one line and an exit code, never a traceback.

Modules of errors are imported when there is one, so that a command that works pays nothing for it.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import ConsoleError
from ..exit_codes import ExitCode


class Bounded(TyperGroup):
    """
    The group of all commands; only a bug leaves it as an exception.
    """

    def invoke(self, ctx: Any) -> object:
        """
        Run the command, and end with its exit code where it fails as it may.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise  # typer's own ways out
        except Exception as error:
            found = read(error)
            if found is None:
                raise  # a bug: its traceback is what we need
            code, message = found
            typer.echo(message, err=True)
            raise typer.Exit(code) from error


def read(error: Exception) -> tuple[ExitCode, str] | None:
    """
    Return exit code and message of an error that a command may end with, None for a bug.
    """
    if isinstance(error, ConsoleError):
        return error.exit_code, f"orderhook: {error}"
    return _of_configuration(error) or _of_redis(error)


def _of_configuration(error: Exception) -> tuple[ExitCode, str] | None:
    from receiver.config import ConfigError
    from receiver.spool_file import SpoolBroken
    from receiver.store import WeakDurability

    if isinstance(error, ConfigError):
        return ExitCode.USAGE, f"the configuration cannot be used\n{error}"
    if isinstance(error, WeakDurability):
        return ExitCode.USAGE, f"orderhook: {error}"
    if isinstance(error, SpoolBroken):
        return ExitCode.USAGE, f"orderhook: a spool cannot be used: {error}"
    return None


def _of_redis(error: Exception) -> tuple[ExitCode, str] | None:
    from redis import RedisError

    if isinstance(error, RedisError):
        return ExitCode.NO_REDIS, f"orderhook: Redis refused: {error}"
    return None
