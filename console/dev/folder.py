"""
The folder of a demonstration, `.orderhook/`: data of Redis, logs, made-up secrets and the addresses of this run.
"""

import contextlib
import fcntl
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import Misuse

#: Readable by nobody else: both files hold secrets.
_PRIVATE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """
    The folder by its path; it is made when it is locked.
    """

    path: Path

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def effects(self) -> Path:
        return self.path / "effects.jsonl"

    @property
    def env(self) -> Path:
        return self.path / "env"

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """
        Hold the folder: two Redis servers over one data folder would ruin it.

        Raises:
            Misuse: Another process holds it, or it cannot be made.

        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / ".gitignore").write_text("*\n")
            lock = (self.path / "lock").open("w")
        except OSError as error:
            raise Misuse(
                f"{self.path} cannot be used: {error.strerror}; choose another with --folder"
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                message = (
                    f"another orderhook dev runs in {self.path}; end it, or choose another with --folder"
                )
                raise Misuse(message) from error
            yield

    def secrets(self) -> dict[str, str]:
        """
        Return the secrets that were made up before.
        """
        file = self.path / "secrets.json"
        found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def keep_secrets(self, made_up: Mapping[str, str]) -> None:
        """
        Keep made-up secrets, so that what was signed yesterday verifies today.
        """
        _write_private(self.path / "secrets.json", json.dumps(made_up, indent=2))

    def keep_env(self, changes: Mapping[str, str]) -> None:
        """
        Leave the environment of this run as a file that a shell can read.
        """
        lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(changes.items())]
        _write_private(
            self.env, "\n".join(["# . this file, and orderhook's commands reach this run.", *lines, ""])
        )

    def add_to_env(self, name: str, value: str) -> None:
        """
        Leave one more variable there.
        """
        _write_private(self.env, f"{self.env.read_text()}export {name}={shlex.quote(value)}\n")

    def forget_env(self) -> None:
        """
        Remove that file: its addresses lead nowhere any more.
        """
        self.env.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
