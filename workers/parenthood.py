"""
A process that ends with the one that started it: nobody would look after it.
"""

import ctypes
import os
import sys

import structlog

log = structlog.get_logger()

#: From linux/prctl.h.
_PR_SET_PDEATHSIG = 1


def end_with_parent(sign: int, parent: int | None) -> None:
    """Ask the kernel to send *sign* to this process when its *parent* ends, or has ended; only Linux does so."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sign)
        if parent and os.getppid() != parent:  # it ended before it could be asked for
            os.kill(os.getpid(), sign)


def leave_without(parent: int) -> None:
    """End this process if *parent* has: the signal that said so may have come while a shift ran, which ended by it."""
    if os.getppid() != parent:
        log.warning("worker.left_behind", detail="its worker is gone; what it had claimed is claimed again")
        os._exit(1)
