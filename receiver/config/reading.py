"""
From a file and an environment to one tree of values that remembers where each came from.

Owns finding the file and reading TOML. Knows no setting by name.
The process' environment is an argument: nothing here looks at `os.environ`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import problems as says
from .environment import Overlay, lay_over
from .problems import ConfigError, Problem

CONFIG_VARIABLE = "ORDERHOOK_CONFIG"
"""Names the file; without it, `orderhook.toml` in the working directory is read if it is there."""

DEFAULT_FILE = Path("orderhook.toml")

NOT_SETTINGS = frozenset({CONFIG_VARIABLE})
"""Variables that begin like settings and are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawConfig:
    """
    The values of file and environment, merged but unchecked; its repr shows none of them.
    """

    path: Path | None
    """None where there is no file: then every setting is a default or comes from the environment."""
    values: Mapping[str, Any] = field(repr=False)
    origins: Mapping[says.Path, str] = field(repr=False)
    """The environment variable that gave the value (or began the table) at a path; the file gave the rest."""
    environ: Mapping[str, str] = field(repr=False)
    problems: tuple[Problem, ...] = ()
    """What was wrong already when merging; whoever checks the values reports these too."""

    @property
    def folder(self) -> Path:
        """
        Where a relative `file:` secret is looked for: beside the file.
        """
        return self.path.parent if self.path else Path()

    def origin(self, path: says.Path) -> str:
        """
        Return who gave the value at *path*: the environment variable or the file.
        """
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        variable = next((self.origins[prefix] for prefix in prefixes if prefix in self.origins), None)
        return f"environment {variable}" if variable else str(self.path or DEFAULT_FILE)


def read_config(*, environ: Mapping[str, str], path: Path | None = None) -> RawConfig:
    """
    Read the file (*path*, else `ORDERHOOK_CONFIG`, else the default one) and lay the environment over it.

    Raises:
        ConfigError: The file is named and not there, or cannot be read, or is not TOML.

    """
    found = path or _named(environ) or _default()
    overlay = lay_over(_read_toml(found) if found else {}, environ=environ, skip=NOT_SETTINGS)
    return _raw(found, overlay, environ)


def _raw(path: Path | None, overlay: Overlay, environ: Mapping[str, str]) -> RawConfig:
    return RawConfig(
        path=path,
        values=overlay.values,
        origins=overlay.origins,
        environ=environ,
        problems=overlay.gathering.problems,
    )


def _named(environ: Mapping[str, str]) -> Path | None:
    # Compose files pass variables that are empty where they mean unset.
    return Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None


def _default() -> Path | None:
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, found=f"byte {error.start} is not UTF-8", expected="TOML in UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or "no usable path"
        raise _unreadable(path, found=f"cannot be read ({why})", expected="a TOML file") from error
    return _parse_toml(path, text)


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The message holds at most a key or one character; the error itself, from 3.14 on, the whole text.
        raise _unreadable(path, found=_syntax(str(error), text), expected="TOML") from None
    except (RecursionError, ValueError):
        raise _unreadable(path, found="nested too deeply, or a number too long", expected="TOML") from None


def _syntax(message: str, text: str) -> str:
    what, _, place = message.removesuffix(")").rpartition(" (at ")
    if place == "end of document":
        lines = text.split("\n")
        place = f"line {len(lines)}, column {len(lines[-1]) + 1}"
    return f"{place}: {what}"


def _unreadable(path: Path, *, found: str, expected: str) -> ConfigError:
    return ConfigError([Problem(where=str(path), key="", found=found, expected=expected)])
