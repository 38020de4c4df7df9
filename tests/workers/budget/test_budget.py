"""Budgets on a real Redis: what a call is told, whatever other workers have met."""

import asyncio
import contextlib
import itertools
import time

import pytest
import redis.asyncio as aredis

from receiver import keys, store
from tests.support.waiting import until_async
from tests.workers.budget.conftest import API
from workers.api.limits import Window
from workers.budget import Budget, Terms, Visit, visiting
from workers.failures import CircuitOpen, RateLimited, Unauthorized

pytestmark = pytest.mark.anyio


async def scripts_run(redis: "aredis.Redis") -> int:
    return int((await redis.info("commandstats")).get("cmdstat_evalsha", {}).get("calls", 0))


def window(remaining, *, limit=100, reset_s=60.0) -> Window:
    return Window(limit=limit, remaining=remaining, reset_s=reset_s)


async def granted(workers) -> bool:
    return float(await workers.field("calls") or 0) == 2


async def fails(budget, count) -> None:
    for _ in range(count):
        await budget.failed("get_order answered 503", probe=False)


async def passes(budget, count, **said) -> None:
    for _ in range(count):
        await budget.passed(said.get("said"), probe=False)


class TestNothingLimits:
    async def test_calls_go_without_a_word_to_redis(self, workers, asked):
        """A worker makes thousands of calls a second; a round trip for each would halve them."""
        budget = workers.budget()
        await asked(budget)
        before = await scripts_run(workers.redis)

        found = [await asked(budget) for _ in range(100)]

        assert {"go"} == set(found)
        assert before == await scripts_run(workers.redis)

    async def test_nothing_is_written(self, workers, asked):
        """What is written is fsynced, and there is nothing to remember."""
        await asked(workers.budget())

        assert 0 == await workers.redis.exists(keys.budget(API))

    async def test_another_workers_news_end_it(self, workers, asked):
        """The message says that something changed; the budget says what."""
        mine, theirs = workers.budget(), workers.budget()
        await asked(mine)

        await theirs.limited(30.0, None, probe=False)
        mine.changed()

        assert isinstance(await asked(mine), RateLimited)


class TestARate:
    async def test_calls_of_all_workers_together_keep_it(self, workers, asked):
        """Each worker alone would stay under the limit, and all of them together would not."""
        budgets = [workers.budget(rate_per_s=20) for _ in range(3)]
        begun = time.monotonic()

        found = await asyncio.gather(*(asked(budget, made=1) for budget in budgets for _ in range(4)))

        assert ["go"] * 12 == found
        assert 11 / 20 - 0.05 <= time.monotonic() - begun

    async def test_who_gets_no_call_gets_a_moment_of_its_own(self, workers, asked):
        """A hundred events that all came back at once would meet one token again."""
        budget = workers.budget(rate_per_s=5)

        found = await asyncio.gather(*(asked(budget) for _ in range(6)))

        waits = [failure.retry_after_s for failure in found[1:]]
        assert "go" == found[0]
        assert all(isinstance(failure, RateLimited) and failure.punctual for failure in found[1:])
        assert [0.18] * 4 == pytest.approx(
            [late - soon for soon, late in itertools.pairwise(waits)], abs=0.05
        )

    async def test_a_burst_goes_at_once_after_a_quiet_time(self, workers, asked):
        """Ten orders after a quiet night need not queue where the API would take them all."""
        budget = workers.budget(rate_per_s=5, burst=4)

        found = [await asked(budget) for _ in range(5)]

        assert ["go"] * 4 == found[:4]
        assert isinstance(found[4], RateLimited)

    async def test_who_has_waited_does_not_queue_again(self, workers, asked):
        """Its moment was handed out behind those before it: at the end of the queue it would never come to its turn."""
        budget = workers.budget(rate_per_s=5)
        for _ in range(30):
            await asked(budget)
        await workers.pass_time(0.5)

        found = [await asked(budget, back=back) for back in (False, True)]

        assert found[0].retry_after_s > 4
        assert "go" == found[1]

    async def test_who_has_begun_waits_a_little_rather_than_begin_again(self, workers, asked):
        """Half an event's calls would be made twice, at an API that has none to spare."""
        budget = workers.budget(rate_per_s=5)
        await asked(budget)

        begun = time.monotonic()
        found = await asked(budget, made=1)

        assert "go" == found
        assert 0.1 <= time.monotonic() - begun

    async def test_no_wait_is_longer_than_the_patience(self, workers, asked):
        """The wait is taken from the step's own time, and holds a place."""
        budget = workers.budget(rate_per_s=0.5, patience_s=0.3)
        await asked(budget)

        found = await asked(budget, made=1)

        assert isinstance(found, RateLimited)

    async def test_an_event_of_many_calls_gets_done_at_the_lowest_rate(self, workers, asked):
        """
        With a token every two seconds and no patience, it would make its first call for ever and never its second.

        Bug: an event read its order, was put off before it acted, and read it again, until the end of time.
        """
        budget = workers.budget(rate_per_s=0.5, patience_s=0.1)

        async def attempt() -> int:
            visit = Visit(back=True)
            with visiting(visit), contextlib.suppress(RateLimited):
                for _ in range(3):
                    await budget.enter()
            await workers.pass_time(20)
            return visit.made

        made = [await attempt() for _ in range(4)]

        assert 3 == made[-1]

    async def test_an_idle_bucket_lets_a_newcomer_through(self, workers, asked):
        """Moments that were handed out at a lower rate must not keep a free API idle."""
        budget = workers.budget(rate_per_s=5)
        for _ in range(50):
            await asked(budget)
        await asked(budget)
        await workers.redis.hset(keys.budget(API), "at", "0")

        await asked(budget)
        await workers.redis.hset(keys.budget(API), mapping={"full": "1", "tokens": "1"})

        assert "go" == await asked(budget)

    async def test_a_flood_of_one_source_leaves_another_its_turn(self, workers, asked):
        """Sources share the API's limit; one that imports ten thousand orders must not be the only one."""
        budget = workers.budget(rate_per_s=5)
        for _ in range(100):
            await asked(budget, source="flood")

        found = await asked(budget, source="small")

        assert found == "go" or found.retry_after_s < 1.0

    async def test_live_traffic_goes_before_replays(self, workers, asked):
        """An operator who replays a thousand events must not hold up today's; a tenth is left for the replay."""
        budget = workers.budget(rate_per_s=10)
        await asked(budget, replayed=True)
        await asyncio.gather(*(asked(budget) for _ in range(20)))
        await workers.pass_time(0.3)

        replay, live = [await asked(budget, back=True, replayed=replayed) for replayed in (True, False)]

        assert isinstance(replay, RateLimited)
        assert "go" == live

    @pytest.mark.parametrize("first", [{}, {"replayed": True}], ids=["live", "replay"])
    async def test_live_traffic_and_replays_go_before_imports(self, workers, asked, first):
        """Nobody waits for a comparison with the API: it takes what is left."""
        budget = workers.budget(rate_per_s=10)
        await asyncio.gather(*(asked(budget, **first) for _ in range(20)))
        await workers.pass_time(0.3)

        later, sooner = [await asked(budget, back=True, **one) for one in ({"imports": True}, first)]

        assert isinstance(later, RateLimited)
        assert "go" == sooner

    async def test_a_replay_takes_what_nobody_wants(self, workers, asked):
        """At night the whole budget is free for it."""
        budget = workers.budget(rate_per_s=20)

        found = [await asked(budget, replayed=True, back=True) for _ in range(3)]

        assert ["go"] * 3 == found


class TestA429:
    async def test_it_pauses_every_worker_until_the_api_said(self, workers, asked):
        """The limit is the API's, so what one worker is told holds for all."""
        one, other = workers.budget(), workers.budget()

        moment_s = await one.limited(7.0, None, probe=False)
        found = await asked(other, made=1)

        assert moment_s == pytest.approx(7.0, abs=1.0)
        assert isinstance(found, RateLimited)
        assert found.retry_after_s == pytest.approx(7.0, abs=1.0)

    async def test_nobody_waits_longer_than_an_hour(self, workers):
        """An API that says "tomorrow" is asked again in an hour."""
        moment_s = await workers.budget().limited(86_400.0, None, probe=False)

        assert moment_s == pytest.approx(3_600, abs=1)

    async def test_pauses_grow_where_the_api_says_nothing(self, workers):
        """Without a Retry-After we guess: a second, two, four."""
        budget, waits = workers.budget(), []
        for _ in range(3):
            waits.append(await budget.limited(None, None, probe=False))
            await workers.pass_time(60)

        assert [1.0, 2.0, 4.0] == pytest.approx(waits, abs=0.45)

    async def test_a_burst_of_them_teaches_a_rate(self, workers):
        """An API that documents no limit shows it: as many calls as went well are a good guess."""
        budget = workers.budget()
        await passes(budget, 60)

        for _ in range(10):
            await budget.limited(1.0, None, probe=False)

        assert 0.95 * 60 / 3 == pytest.approx(float(await workers.field("rate")))

    async def test_a_single_one_teaches_no_rate(self, workers):
        """It says little: what it was that the API had too much of may have been another's calls."""
        budget = workers.budget()
        await passes(budget, 3)

        await budget.limited(1.0, None, probe=False)

        assert "" == await workers.field("rate")

    async def test_one_right_behind_a_pause_teaches_a_rate(self, workers):
        """The pause alone was not enough."""
        budget = workers.budget()
        await budget.limited(1.0, None, probe=False)
        await workers.pass_time(2)
        await passes(budget, 30)

        await budget.limited(1.0, None, probe=False)

        assert 0.95 * 30 / 3 == pytest.approx(float(await workers.field("rate")))

    async def test_it_never_lowers_a_known_rate_by_much(self, workers):
        """A 429 in a quiet hour says little about the rate."""
        budget = workers.budget(rate_per_s=50)

        await budget.limited(1.0, None, probe=False)

        assert 35.0 == pytest.approx(float(await workers.field("rate")))

    @pytest.mark.parametrize(("quiet_s", "factor"), [(20, 1.01), (40, 1.1), (70, 1.25)])
    async def test_the_longer_there_was_none_the_faster_the_rate_grows(self, workers, asked, quiet_s, factor):
        """A rate that was learned while most workers were down must not hold up all of them for the next hour."""
        budget = workers.budget(rate_per_s=50)
        await budget.limited(1.0, None, probe=False)
        await workers.pass_time(1.1 + quiet_s)

        await asyncio.gather(*(asked(budget, made=1) for _ in range(4)))

        assert 35.0 * factor == pytest.approx(float(await workers.field("rate")))

    async def test_what_it_taught_is_forgotten_after_an_idle_hour(self, workers, asked):
        """A limit that was met at noon must not slow down the night."""
        budget = workers.budget()
        for _ in range(10):
            await budget.limited(1.0, None, probe=False)
        assert await workers.field("rate")
        await workers.pass_time(3_700)

        assert "go" == await asked(budget)
        assert "" == await workers.field("rate")

    async def test_what_waited_through_it_asks_again(self, workers, asked):
        """A call that was promised before the API asked for a pause would still break it."""
        budget = workers.budget(rate_per_s=0.5)
        await asked(budget)
        waiting = asyncio.create_task(asked(budget, made=1))
        await until_async(lambda: granted(workers), what="the call is promised")

        await budget.limited(9.0, None, probe=False)

        assert isinstance(await waiting, RateLimited)


class TestAnAdvertisedWindow:
    async def test_no_call_is_made_when_nothing_remains(self, workers, asked):
        """A 429 that can be seen coming is not provoked: some APIs lock out who provokes it."""
        budget, other = workers.budget(), workers.budget()
        await budget.passed(window(0, reset_s=20), probe=False)

        found = await asked(other, made=1)

        assert isinstance(found, RateLimited)
        assert found.retry_after_s == pytest.approx(20, abs=1.0)

    async def test_what_is_given_out_counts_before_the_api_has_seen_it(self, workers, asked):
        """Fifty calls are under way at once; each answer tells of the past."""
        budget = workers.budget()
        await budget.passed(window(3), probe=False)

        found = [await asked(budget, made=1) for _ in range(4)]

        assert ["go"] * 3 == found[:3]
        assert isinstance(found[3], RateLimited)

    async def test_a_tenth_is_kept_for_replays(self, workers, asked):
        """An operator who mends something at the end of the window is not shut out by the traffic."""
        budget = workers.budget()
        await budget.passed(window(11), probe=False)

        live = [await asked(budget) for _ in range(2)]
        replay = await asked(budget, replayed=True)

        assert "go" == live[0]
        assert isinstance(live[1], RateLimited)
        assert "go" == replay

    async def test_half_of_a_window_is_not_for_imports(self, workers, asked):
        """The traffic of the rest of the hour must find something left."""
        budget = workers.budget()
        await budget.passed(window(50), probe=False)

        imported = await asked(budget, imports=True)

        assert isinstance(imported, RateLimited)
        assert "go" == await asked(budget)

    async def test_one_call_shows_the_next_window(self, workers, asked):
        """When the window is over nobody knows the next; fifty calls at once might be too many for it."""
        budget = workers.budget()
        await budget.passed(window(0, reset_s=20), probe=False)
        await workers.pass_time(21)

        found = [await asked(budget, back=True) for _ in range(2)]
        await budget.passed(window(99, reset_s=60), probe=False)
        after = await asked(budget, back=True)

        assert "go" == found[0]
        assert isinstance(found[1], RateLimited)
        assert found[1].retry_after_s < 0.2
        assert "go" == after

    async def test_a_window_that_is_not_advertised_any_more_is_forgotten(self, workers, asked):
        """Else one call after the other would be sent ahead for ever."""
        budget = workers.budget()
        await budget.passed(window(50, reset_s=20), probe=False)
        await workers.pass_time(21)
        await asked(budget)

        await passes(budget, 1)
        await asked(budget)

        assert "" == await workers.field("reset")

    async def test_a_late_answer_raises_no_count(self, workers, asked):
        """Answers overtake each other: an older one says that more is left."""
        budget = workers.budget()
        await budget.passed(window(2), probe=False)
        await budget.passed(window(5), probe=False)

        found = [await asked(budget, made=1) for _ in range(3)]

        assert ["go", "go"] == found[:2]
        assert isinstance(found[2], RateLimited)


class TestTheCircuit:
    @pytest.mark.parametrize(
        ("answered", "failed", "is_open"),
        [
            pytest.param(10, 10, True, id="half of twenty"),
            pytest.param(0, 20, True, id="all of twenty"),
            pytest.param(0, 19, False, id="too few"),
            pytest.param(21, 20, False, id="less than half"),
        ],
    )
    async def test_it_opens_when_half_of_twenty_calls_failed(self, workers, asked, answered, failed, is_open):
        """Less is chance; more is an API that our calls only keep from getting up."""
        budget = workers.budget()
        await passes(budget, answered)
        await fails(budget, failed)

        assert is_open == isinstance(await asked(budget, made=1), CircuitOpen)

    async def test_it_opens_on_what_all_workers_saw(self, workers, asked):
        """Six workers that count to twenty each have sent a hundred and twenty calls into the void."""
        budgets = [workers.budget() for _ in range(4)]
        for budget in budgets:
            await fails(budget, 5)

        assert isinstance(await asked(workers.budget()), CircuitOpen)

    async def test_what_failed_a_minute_ago_counts_no_more(self, workers, asked):
        """A bad minute is over when it is over."""
        budget = workers.budget()
        await fails(budget, 19)
        await workers.pass_time(31)
        await fails(budget, 1)

        assert "go" == await asked(budget)

    async def test_one_call_in_ten_seconds_tries(self, workers, asked):
        """The API is asked whether it is back, and not by everybody."""
        budget = workers.budget()
        await fails(budget, 20)
        await workers.pass_time(10)

        found = [await asked(workers.budget()) for _ in range(3)]

        assert "probe" == found[0]
        assert [CircuitOpen, CircuitOpen] == [type(one) for one in found[1:]]
        assert found[1].retry_after_s == pytest.approx(10, abs=1.0)

    async def test_the_settings_say_how_often_it_is_tried(self, workers, asked):
        """An API that comes back within seconds is worth a call a second; one that locks out who insists is not."""
        budget = workers.budget(probe_s=2.0)
        await fails(budget, 20)
        await workers.pass_time(2)

        found = [await asked(budget) for _ in range(2)]

        assert "probe" == found[0]
        assert found[1].retry_after_s == pytest.approx(2, abs=0.5)

    async def test_a_try_that_fails_leaves_it_open(self, workers, asked):
        """And one that succeeds closes it, for all."""
        budget = workers.budget()
        await fails(budget, 20)
        await workers.pass_time(10)
        await asked(budget)
        await budget.failed("still 503", probe=True)
        still = await asked(budget)
        await workers.pass_time(10)
        await asked(budget)

        await budget.passed(None, probe=True)

        assert isinstance(still, CircuitOpen)
        assert "go" == await asked(budget)
        assert "go" == await asked(workers.budget())

    async def test_those_who_wait_come_back_evenly_spread(self, workers, asked):
        """When the API is back, a thousand events at once would bring it down again."""
        budget = workers.budget()
        await fails(budget, 20)

        waits = [one.retry_after_s for one in await asyncio.gather(*(asked(budget) for _ in range(500)))]

        seconds = [int(wait_s) for wait_s in waits]
        assert max(seconds.count(second) for second in set(seconds)) <= 0.05 * len(waits)
        assert 9 <= min(waits) <= max(waits) <= 41

    async def test_who_was_there_before_comes_behind_the_others(self, workers, asked):
        """
        Else the crowd thickens with every try that fails: whoever's moment came is put among those who wait.

        Bug: after an outage of a minute 57 of 1 000 events came back in one second.
        """
        budget = workers.budget()
        await fails(budget, 20)
        waits = [one.retry_after_s for one in await asyncio.gather(*(asked(budget) for _ in range(300)))]
        for _ in range(3):
            await workers.pass_time(10)
            assert "probe" == await asked(budget, back=True)
            ripe = [wait_s for wait_s in waits if wait_s < 20]
            again = await asyncio.gather(*(asked(budget, back=True) for _ in ripe))
            waits = [wait_s - 10 for wait_s in waits if wait_s >= 20] + [one.retry_after_s for one in again]

        seconds = [int(wait_s) for wait_s in waits]
        assert 300 == len(waits)
        assert max(seconds.count(second) for second in set(seconds)) <= 0.05 * len(waits)
        assert 9 <= min(waits) <= max(waits) <= 41

    async def test_no_event_uses_an_attempt_on_it(self, workers, asked):
        """An outage of a day would otherwise bury every order of the day."""
        budget = workers.budget()
        await fails(budget, 20)

        assert not (await asked(budget)).uses_attempt

    async def test_a_refused_token_opens_it_for_its_own_reason(self, workers, asked):
        """Every further call would be refused too, and some APIs lock out who goes on."""
        moment_s = await workers.budget().refused()

        found = await asked(workers.budget(), made=1)

        assert isinstance(found, Unauthorized)
        assert "api.token" in found.message
        assert 29 <= moment_s <= found.retry_after_s <= 61


class TestRedisIsAway:
    async def test_an_event_waits_and_uses_no_attempt(self):
        """The budget cannot be asked; guessing would break the API's limit, and failing would bury the event."""
        redis = store.async_client("redis://127.0.0.1:1/0", timeout_s=1)
        budget = Budget(redis, Terms(name=API))

        with pytest.raises(RateLimited, match="cannot be asked") as caught:
            await budget.enter()
        await budget.failed("503", probe=False)
        await budget.close()
        await redis.aclose()

        assert not caught.value.uses_attempt
        assert 1 <= caught.value.retry_after_s <= 2
