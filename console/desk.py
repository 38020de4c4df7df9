"""
Where a command is given: the environment that it was started in, `--config` being a variable in it like any other.

Light on purpose, since every command is; what can be had by it is in `access.py`.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    The environment, given and not looked up.
    """

    environ: Mapping[str, str]

    @property
    def operator(self) -> str:
        """
        Return who sits here, as far as the environment says.
        """
        return next((self.environ[name] for name in _NAMES if self.environ.get(name)), "") or _account()


def _account() -> str:
    # Containers and cron set none of the variables; the system still knows whose process this is, most often.
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


_NAMES = ("SUDO_USER", "USER", "LOGNAME")
