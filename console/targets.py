"""
What `orderhook doctor` says of a target of outbound webhooks: whether it wants any, and whether it may be reached.

Pure: settings, how it stands and what its name leads to go in, a check comes out.
"""

from collections.abc import Sequence

from workers.egress import refusal
from workers.target_settings import TargetSettings
from workers.targets.standing import Standing

from .diagnoses import Check, fail, ok, warn
from .moments import span

TITLE = "target"


def wanted(name: str, settings: TargetSettings, found: Standing, *, now: int) -> Check:
    """
    Judge whether the target takes messages; *now* in milliseconds by Redis' clock.
    """
    shown = settings.destination.shown
    if found.is_disabled_at(settings.url.reveal()):
        said = f"{name}: disabled for {span(now - found.disabled)}; {found.why}, {shown}"
        advice = f"ask its operator; then orderhook targets enable {name}, and replay what is dead"
        return fail(TITLE, said, advice)
    return ok(TITLE, f"{name}: {shown}, {found.under_way} of {settings.concurrency} places taken")


def reachable(name: str, settings: TargetSettings, addresses: Sequence[str]) -> Check:
    """
    Judge what the target's name leads to now.
    """
    host = settings.destination.url.host
    if not addresses:
        return warn(TITLE, f"{name}: {host} is not found by this machine", "look at the url, and at DNS")
    for address in addresses:
        if why := refusal(address, allow_private=settings.allow_private):
            advice = f"correct targets.{name}.url, or set allow_private if it is your own"
            return fail(TITLE, f"{name}: {host} leads to {address}, which is refused: {why}", advice)
    return ok(TITLE, f"{name}: {host} leads to {', '.join(addresses)}")
