"""
Run a command that ends when the process that started it does, however that ends. Run as a file, before anything else.

Only Linux can do it; elsewhere the command is just run.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

#: From linux/prctl.h; it survives the exec below.
_PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str]) -> list[str]:
    """
    Return the command line that runs *command* tethered to this process; its pid is that of the command.
    """
    return [sys.executable, "-I", __file__, str(os.getpid()), *command]


def main() -> None:
    """
    Tie this process to its parent, and become the command.
    """
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it ended before it could be tied to
            return
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
