"""An order API that limits, breaks or lets nobody in: U1, U2, U3 and U7 of the catalogue."""

import math
import shlex
import time
from collections import Counter

import pytest

from tests.chaos.scene import drained, passed
from tests.chaos.upstream import (
    NO_RETRY,
    begin,
    busiest,
    calls,
    calls_made,
    dispatched,
    faults,
    gaps,
    seeded,
    tries_of,
)
from tests.support.system import System
from tests.support.waiting import until

#: Seconds in which an API's limit is found out.
WARM_UP_S = 15
#: A moment is kept to within so many seconds.
TOLERANCE_S = 0.05
#: From when the news of an answer have reached every worker, in seconds.
NEWS_S = 0.2
#: How far two calls that were let go at even distances may come nearer to each other on their way.
WAY_S = 0.4
#: A run of so many events is long enough for shares and rates.
LONG = 300


def told(system: System, event: str) -> bool:
    """Tell whether a worker has logged this; only to know when to go on."""
    return any(f'"{event}"' in log for log in system.logs())


@pytest.mark.within(900)
def test_u1_a_limit_that_only_429s_show(system, scaled, shown):
    """Nothing is configured and nothing is advertised; the budget finds the rate, and every worker keeps to it."""
    events = scaled(1000, least=20)
    per_s = 10 if events > LONG else 40
    begin(system, processes=scaled(6, least=2), worker={"retry": NO_RETRY})
    limit = {"limit": per_s, "windowS": 1, "headers": False, "retryAfter": "seconds"}
    system.call_sandbox("PUT", "/_sandbox/rate-limit", limit)

    dispatched(system, seeded(system, events), within_s=8 * events / per_s + 60)
    drained(system, within_s=10)

    found = calls(system)
    warm = [one for one in found if one.at > found[0].at + WARM_UP_S]
    refused = [one for one in warm if one.status == 429]
    early = [
        later for one in refused for later in warm if one.at + NEWS_S < later.at < one.at + 1 - TOLERANCE_S
    ]
    span_s = found[-1].at - found[0].at
    used = sum(one.status != 429 for one in found) / (span_s * per_s)
    assert len(refused) <= 0.01 * len(warm)
    assert not early
    shown(
        "U1 limit",
        criterion="after a warm-up ≤ 1 % of calls are answered 429, none before Retry-After, all done, 0 dead",
        reached=f"{events} events at {per_s} calls/s: all done, each once, without an attempt; {len(refused)} × 429 of "
        f"{len(warm)} calls after {WARM_UP_S} s ({sum(one.status == 429 for one in found)} of {len(found)} in all), "
        f"none early; {used:.0%} of the limit used",
    )


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_u1_a_pause_that_is_asked_for(system, scaled, shown, form):
    """One worker is told when to come back, and all of them heed it."""
    events, pause_s = scaled(300, least=10), scaled(10, least=2)
    begin(system, processes=scaled(6, least=2), worker={"retry": NO_RETRY})
    faults(system, {"fault": "status_429", "retry_after": pause_s, "retry_after_form": form, "times": 1})
    first = seeded(system, 1)
    until(lambda: told(system, "budget.limited"), what="the pause is known")

    dispatched(system, first + seeded(system, events), within_s=3 * pause_s + 60)
    drained(system, within_s=10)

    refused, *others = calls(system)
    until_at = refused.at + pause_s if form == "seconds" else math.floor(refused.at) + 1 + pause_s
    assert (429, False) == (refused.status, any(one.status == 429 for one in others))
    assert others[0].at >= until_at - TOLERANCE_S
    shown(
        f"U1 pause in {form}",
        criterion="no call of any worker before Retry-After (50 ms), 0 attempts used",
        reached=f"the first of {len(others)} calls came {(others[0].at - until_at) * 1000:.0f} ms after a pause of "
        f"{until_at - refused.at:.1f} s; {events + 1} events done, without an attempt",
    )


@pytest.mark.within(600)
def test_u2_a_limit_that_is_advertised(system, scaled, shown):
    """A 429 that can be seen coming is never provoked, and what may be used is used."""
    events, window_s = scaled(1000, least=30), scaled(10)
    limit = 20 * window_s
    begin(system, processes=scaled(6, least=2), worker={"retry": NO_RETRY})
    system.call_sandbox("PUT", "/_sandbox/rate-limit", {"limit": limit, "windowS": window_s})
    dispatched(system, seeded(system, 1), within_s=20)  # its answers tell of the limit

    dispatched(system, seeded(system, events), within_s=8 * events / 20 + 60)
    drained(system, within_s=10)

    found = calls(system)
    used = Counter(int(one.at // window_s) for one in found)
    whole = range(min(used) + 1, max(used))
    share = sum(used[window] for window in whole) / (limit * len(whole))
    assert not [one for one in found if one.status == 429]
    assert share >= (0.85 if events > LONG else 0.5)
    shown(
        "U2",
        criterion="no call at Remaining = 0, ≥ 85 % of the window used",
        reached=f"{limit} calls in {window_s} s: {len(found)} calls, 0 × 429, {share:.1%} of {len(whole)} windows used, "
        "0 attempts",
    )


@pytest.mark.within(600)
def test_u3_an_api_that_is_down(system, scaled, shown):
    """Its circuit opens, so that the outage costs it a call at times and the events none of their attempts."""
    events, outage_s = scaled(1000, least=40), scaled(60, least=2)
    every_s = 10.0 if events > LONG else 0.5
    begin(
        system,
        processes=scaled(6, least=2),
        api={"circuit_probe_s": every_s},
        worker={"retry": {"base_s": 1.0}},
    )
    faults(system, {"fault": "status_500", "status": 503})
    orders = seeded(system, events)
    until(lambda: told(system, "circuit.opened"), within_s=20, what="the circuit is open")

    until(passed(outage_s), within_s=outage_s + 5)
    faults(system)
    back = time.time()
    dispatched(system, orders, within_s=6 * every_s + 60)
    drained(system, within_s=10)

    found = calls(system)
    down = [one for one in found if one.status == 503]
    tries = tries_of(down, every_s)
    served = [one for one in found if one.at > down[-1].at and one.operation == "get_order"]
    done_s = found[-1].at - back
    most = max(Counter(one.order for one in down).values())
    share = busiest(served) / len(served)
    assert all(gap >= every_s - WAY_S for gap in gaps(tries))
    assert len(tries) <= outage_s / every_s + 1
    assert done_s <= 6 * every_s + 60 * (events <= LONG)
    # A short run spreads them over a second and a half, which a busy machine makes one: nothing to bound there.
    assert events <= LONG or share <= 0.05
    shown(
        "U3",
        criterion="while it is open ≤ 1 call in 10 s, no attempts used; then all done ≤ 60 s, ≤ 5 % of retries a second",
        reached=f"{events} events, down for {outage_s} s, a try each {every_s:g} s: {len(down) - len(tries)} calls until it "
        f"opened, {len(tries)} tries, at most {most} failed calls an event; all done {done_s:.1f} s after it was back, "
        f"{share:.1%} in the busiest second",
    )


def test_u7_a_token_that_expires(system, scaled, shown):
    """Nobody but a person can renew it: events wait for that, the API is left alone, and no log tells the token."""
    events, outage_s = scaled(300, least=20), scaled(60, least=2)
    every_s = 5.0 if outage_s > 20 else 0.5
    old, new = "hush-old-7301", "hush-new-9182"
    (system.folder / "token").write_text(old)
    begin(
        system,
        processes=scaled(6, least=2),
        api={"token": "file:token", "circuit_probe_s": every_s},
        worker={"retry": NO_RETRY},
        token=old,
    )
    before = seeded(system, events)
    dispatched(system, before, within_s=60)

    system.call_sandbox("PUT", "/_sandbox/tokens", {"tokens": [new]})
    after = seeded(system, events)
    until(lambda: told(system, "circuit.opened"), within_s=20, what="the token is refused")
    until(passed(outage_s), within_s=outage_s + 5)
    renewed_at = time.time()
    renew(system, new)
    dispatched(system, after, within_s=12 * every_s + 60)
    drained(system, within_s=10)

    refused = [one for one in calls(system) if one.status == 401]
    # Behind the renewal each worker is refused once more, by the old token that it still knows, and then finds the new.
    meanwhile = [one for one in refused if one.at < renewed_at]
    tries = tries_of(meanwhile, 3 * every_s)
    assert all(gap >= 3 * every_s - WAY_S for gap in gaps(tries))
    assert not [log for log in system.logs() if old in log or new in log]
    shown(
        "U7 expired",
        criterion="0 dead, events wait, the API is left alone meanwhile, no token in logs",
        reached=f"{events} events waited {outage_s} s for a person: {len(meanwhile) - len(tries)} × 401 until all workers "
        f"knew, {len(tries)} after that, {len(refused) - len(meanwhile)} when there was a new one; all done, without an attempt; no token in {len(list(system.logs()))} logs",
    )


def test_u7_a_token_that_is_replaced_in_time(system, scaled, shown):
    """The new one is where it is read from before the old one ends: nobody notices."""
    events, processes = scaled(1000, least=30), scaled(6, least=2)
    old, new = "hush-old-7301", "hush-new-9182"
    (system.folder / "token").write_text(old)
    begin(
        system,
        processes=processes,
        api={"token": "file:token"},
        worker={"retry": NO_RETRY},
        token=old,
    )
    orders = seeded(system, events)
    until(lambda: calls_made(system) > events / 4, within_s=30, what="work has begun")

    renew(system, new)
    system.call_sandbox("PUT", "/_sandbox/tokens", {"tokens": [new]})
    dispatched(system, orders + seeded(system, events), within_s=60)
    drained(system, within_s=10)

    refused = [one for one in calls(system) if one.status == 401]
    assert not told(system, "circuit.opened")
    read = sum(log.count('"token.renewed"') for log in system.logs())
    assert read <= processes
    shown(
        "U7 replaced",
        criterion="one renewal, 0 dead, no event waits",
        reached=f"{2 * events} events over a change of token: {len(refused)} × 401, each sent again at once with the new "
        f"token, which {read} of {processes} workers read once each; no circuit opened, 0 attempts used",
    )


def test_u7_a_token_that_a_command_renews(system, scaled, shown):
    """It expires amid the work of many workers, and one of them has it renewed."""
    events, processes = scaled(1000, least=30), scaled(6, least=2)
    old, new = "hush-old-7301", "hush-new-9182"
    (system.folder / "token").write_text(old)
    (system.folder / "new").write_text(new)
    command = f"cd {shlex.quote(str(system.folder))} && echo run >> runs && sleep 0.5 && mv new token"
    begin(
        system,
        processes=processes,
        api={"token": "file:token", "renew": ["sh", "-c", command]},
        worker={"retry": NO_RETRY},
        token=old,
    )
    orders = seeded(system, events)
    until(lambda: calls_made(system) > events / 4, within_s=30, what="work has begun")

    system.call_sandbox("PUT", "/_sandbox/tokens", {"tokens": [new]})
    dispatched(system, orders + seeded(system, events), within_s=60)
    drained(system, within_s=10)

    refused = [one for one in calls(system) if one.status == 401]
    assert not told(system, "circuit.opened")
    assert len((system.folder / "runs").read_text().split()) == 1
    assert not [log for log in system.logs() if old in log or new in log]
    shown(
        "U7 renewed",
        criterion="exactly 1 refresh, 0 dead, no token in logs",
        reached=f"{2 * events} events of {processes} workers over the end of a token: {len(refused)} × 401, the command run "
        f"once, each call sent again with the new token; no circuit opened, 0 attempts used, no token in a log",
    )


def renew(system: System, token: str) -> None:
    """Put another token in the old one's place, in one step."""
    beside = system.folder / "token.new"
    beside.write_text(token)
    beside.rename(system.folder / "token")
