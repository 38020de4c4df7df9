"""
What is said before and after the story: where everything is, and how it ended.
"""

from pathlib import Path

from receiver import redis_url

from .. import render
from ..commands.audit import audit_patiently, equation
from ..exit_codes import ExitCode
from ..story import Tone
from .folder import Folder
from .progress import Progress
from .stage import Addresses
from .telling import Teller

#: How often the loss equation is looked at before it is said not to hold: the last event may be between two places.
_AUDIT_TRIES = 6


def introduce(
    source: str, folder: Folder, addresses: Addresses, token: str, *, config: Path | None, own_redis: bool
) -> None:
    """
    Say where everything is.
    """
    data = f", data in {folder.redis}" if own_redis else ", which the configuration names"
    for name, words in (
        ("config", str(config)),
        ("Redis", f"{redis_url.shown(addresses.redis_url)}{data}"),
        ("receiver", f"{addresses.receiver}/webhooks/{source}"),
        ("console", f"{addresses.console}/api/openapi.json, token {token}"),
        ("sandbox", f"{addresses.sandbox}/_sandbox/orders plays the order API and its sender"),
        ("logs", f"{folder.path}/receiver.log, worker.log, console.log, sandbox.log"),
        ("try", f". {folder.env} && orderhook events list    (in another terminal)"),
    ):
        render.talk((f"{name:<10}", Tone.FAINT), words)


def say_completed(progress: Progress) -> None:
    """
    Say that nothing is left to wait for, though everything stays up.
    """
    render.talk(f"{progress.count} of {len(progress.orders)} orders completed; all stays up until Ctrl-C")


def sum_up(teller: Teller, *, elapsed_s: float) -> ExitCode:
    """
    Print how it ended, and return the exit code.
    """
    progress = teller.progress
    render.data("")
    render.table(("ORDER", "EVENTS", "ATTEMPTS", "LAST EVENT", "RESULT"), progress.rows())
    render.data("")
    audits = audit_patiently(teller.follower.inbox, tries=_AUDIT_TRIES)
    for audit in audits:
        verdict = ("holds", Tone.GOOD) if audit.holds else ("does not hold", Tone.BAD)
        render.data(f"{audit.source}: {equation(audit)}  ", verdict)
    good = progress.count == len(progress.orders) and all(audit.holds for audit in audits)
    summary = f"{progress.count} of {len(progress.orders)} orders completed in {elapsed_s:.1f} s"
    render.data((summary, Tone.GOOD if good else Tone.BAD))
    return ExitCode.OK if good else ExitCode.FAILED
