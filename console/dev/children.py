"""
The processes of a demonstration: started one by one, watched, and stopped in order whatever happens.

Each is in a session of its own, so that a Ctrl-C in the terminal reaches only us, and is tethered to us, so that
none is left behind where we are killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import Failed
from ..tether import tethered

#: How much of a log is shown when its process has ended.
_LOG_LINES = 15
_LOG_BYTES = 8_192


@dataclass(slots=True, kw_only=True)
class Child:
    """
    One process of ours; its output goes to *log*.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    #: Seconds that it has to end by itself after SIGTERM.
    grace_s: float

    def check(self) -> None:
        """
        Raise Failed, with the end of its log, where it has ended.
        """
        code = self.process.poll()
        if code is not None:
            raise Failed(
                f"the {self.name} ended by itself ({_ending(code)}); its log ends:\n{tail(self.log)}"
            )

    def stop(self) -> None:
        """
        Ask it to end; where it does not, end it and what it has started.
        """
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(self.grace_s)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def start(
    name: str, arguments: Sequence[str], *, environ: Mapping[str, str], log: Path, grace_s: float
) -> Child:
    """
    Start `orderhook NAME ARGUMENTS`.
    """
    command = tethered([sys.executable, "-m", "console.cli", name, *arguments])
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name=name, process=process, log=log, grace_s=grace_s)


def stop_all(children: Sequence[Child], *, within_s: float) -> None:
    """
    Stop one after another, the first first; all together have *within_s* seconds.
    """
    end = time.monotonic() + within_s
    for child in children:
        child.grace_s = min(child.grace_s, max(0.5, end - time.monotonic()))
        child.stop()


def tail(log: Path) -> str:
    """
    Return the last lines of a log.
    """
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_BYTES))
        lines = file.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
