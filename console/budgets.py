"""
What `orderhook doctor` says of the budget of an order API: what limits its calls, why its events wait and until when.

Pure: how the budget stands and the time go in, a check comes out.
"""

from collections.abc import Iterator

from workers.budget import Standing, Terms

from .diagnoses import Check, fail, ok, warn
from .moments import span

TITLE = "API budget"


def judged(standing: Standing, terms: Terms, *, now: int) -> Iterator[Check]:
    """
    Judge how an API's budget stands; *now* in milliseconds by Redis' clock.
    """
    yield _circuit(standing, terms, now=now)
    if standing.paused > now:
        found = f"{terms.name}: paused for another {span(standing.paused - now)}, as its answer 429 asked"
        yield warn(TITLE, found, "nothing to do: its events come back by themselves, and use no attempt")
    if standing.reset > now and standing.left == 0:
        found = (
            f"{terms.name}: its window of {standing.limit} calls is used up for {span(standing.reset - now)}"
        )
        yield warn(TITLE, found, "nothing to do, unless it is too small: ask the vendor for a higher limit")


def _circuit(standing: Standing, terms: Terms, *, now: int) -> Check:
    name = terms.name
    if standing.open == "unauthorized":
        found = f"{name}: refuses the token since {span(now - standing.opened)}; its events wait"
        return fail(
            TITLE,
            found,
            "put a valid token where api.token points; env: and literals need a restart of workers",
        )
    if standing.open:
        found = f"{name}: circuit open for {span(now - standing.opened)}; {standing.what}\n{_next_try(standing, now)}"
        return warn(TITLE, found, "look at the API; it closes by itself at the first call that is answered")
    return ok(TITLE, f"{terms.name}: {'; '.join((*_limits(standing, terms, now), _calls(standing)))}")


def _next_try(standing: Standing, now: int) -> str:
    soon = span(standing.probe - now) if standing.probe > now else "any moment"
    return f"next try in {soon}; {standing.waiting} events have asked since the last"


def _limits(standing: Standing, terms: Terms, now: int) -> Iterator[str]:
    if standing.rate_per_s and standing.rate_per_s < (terms.rate_per_s or standing.rate_per_s + 1):
        yield f"{standing.rate_per_s:.1f} calls/s, as its 429s have taught"
    elif terms.rate_per_s:
        yield f"{terms.rate_per_s:g} calls/s, as set"
    if standing.reset > now:
        yield f"{standing.left} of {standing.limit} calls left for {span(standing.reset - now)}"


def _calls(standing: Standing) -> str:
    return f"circuit closed, {standing.answered} calls answered and {standing.failed} failed lately"
