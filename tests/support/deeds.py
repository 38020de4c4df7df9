"""
Actions of a user, for tests: each leaves a deed, and fails where it was told to.

`DEEDS` is what they did, in order: (action, event id, idempotency key).
"""

import asyncio
from collections.abc import Mapping

from workers.actions import Step, action

DEEDS: list[tuple[str, str, str]] = []
#: What to raise, in turn, by action name: an exception, or None for success.
FAILURES: dict[str, list[Exception | None]] = {}
#: Actions that wait for their event after their deed, by name.
GATES: dict[str, asyncio.Event] = {}


def forget() -> None:
    """Start a test without a past."""
    DEEDS.clear()
    FAILURES.clear()
    GATES.clear()


def _deed(name: str, step: Step) -> Mapping[str, str]:
    DEEDS.append((name, step.event.id, step.idempotency_key))
    failure = FAILURES.get(name, [None]).pop(0) if FAILURES.get(name) else None
    if failure is not None:
        raise failure
    return {"attempt": str(step.attempt)}


async def _gate(name: str) -> None:
    if name in GATES:
        await GATES[name].wait()


@action("first", effect="keyed")
async def first(step: Step) -> Mapping[str, str]:
    result = _deed("first", step)
    await _gate("first")
    return result


@action("second", effect="keyed")
async def second(step: Step) -> Mapping[str, str]:
    result = _deed("second", step)
    await _gate("second")
    return result


@action("mail", effect="unkeyed")
async def mail(step: Step) -> Mapping[str, str]:
    result = _deed("mail", step)
    await _gate("mail")
    return result


@action("look", effect="natural")
async def look(step: Step) -> None:
    DEEDS.append(("look", step.event.id, f"payload={step.event.payload} body={step.event.body!r}"))


@action("blocking", effect="keyed")
def blocking(step: Step) -> Mapping[str, str]:
    return _deed("blocking", step)
