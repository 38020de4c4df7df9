"""
`orderhook doctor`: looks at everything that a promise rests on, one line each, with what to do.

Looks only: the single thing it changes is what the receiver's own `/readyz` writes.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

import aiohttp
import redis

from receiver import durability, keys
from receiver.config import ConfigError, RawConfig
from receiver.inbox import Inbox
from receiver.settings import receiver_settings
from receiver.spool_file import file_system
from workers import egress, rq_worker
from workers.budget import Standing, terms_of
from workers.clients import client_of
from workers.failures import Failure
from workers.settings import ApiSettings, WorkerSettings, worker_settings
from workers.targets.keeping import terms_of as target_terms
from workers.targets.standing import Standing as TargetStanding

from . import budgets, diagnoses, mail_check, pauses, reconcile_checks, render, shop_checks, targets
from .access import config_of, now_ms, redis_of, settings_of
from .catalog import Catalog
from .desk import Desk
from .diagnoses import Check, LaneFacts, Verdict, fail, ok, warn
from .errors import ConsoleError, Failed
from .http import call
from .pauses import PauseFacts
from .settings import ConsoleSettings
from .spools import seen
from .story import Tone

_TONES = {Verdict.OK: Tone.GOOD, Verdict.WARN: Tone.WARN, Verdict.FAIL: Tone.BAD}


def run(desk: Desk, *, public_url: str, as_jsonl: bool) -> None:
    """
    Look, and print each check as soon as it is made.

    Raises:
        ConfigError: The configuration cannot be read at all.
        Failed: Some check failed.

    """
    failed = 0
    for check in checks(desk, public_url=public_url):
        failed += check.verdict is Verdict.FAIL
        _print(check, as_jsonl=as_jsonl)
    if failed:
        raise Failed(f"{render.counted(failed, 'check')} failed")


def _print(check: Check, *, as_jsonl: bool) -> None:
    if as_jsonl:
        render.json_line(
            {"check": check.name, "verdict": check.verdict, "found": check.found, "advice": check.advice}
        )
        return
    first, *rest = check.found.splitlines() or [""]
    render.data((f"{check.verdict:<5} ", _TONES[check.verdict]), f"{check.name:<14}", first)
    for line in [*rest, *([f"→ {check.advice}"] if check.advice else [])]:
        render.data(f"{'':<20}{line}")


def checks(desk: Desk, *, public_url: str) -> Iterator[Check]:
    """
    Yield every check; what cannot be looked at because of another is left out.
    """
    raw = config_of(desk)
    yield from _configuration(raw)
    settings = settings_of(desk)
    yield from _redis(desk, raw, settings)
    yield from _spools(settings)
    yield from _apis(raw)
    yield from mail_check.checks(raw)
    yield _receiver(f"http://{settings.receiver.host}:{settings.receiver.port}", name="receiver")
    if public_url:
        yield _receiver(public_url.rstrip("/"), name="public URL")


def _configuration(raw: RawConfig) -> Iterator[Check]:
    place = str(raw.path or "no file, defaults and environment only")
    advice = "put that right; docs/configuration.md says what is expected"
    for name, load in (("receiver's side", receiver_settings), ("workers' side", worker_settings)):
        problem = _problem(load, raw)
        if problem:
            yield fail("configuration", f"{name}:\n{problem}", advice)
        else:
            yield ok("configuration", f"{name}: {place}")


def _problem(load: Callable[[RawConfig], object], raw: RawConfig) -> str:
    try:
        load(raw)
    except ConfigError as error:
        return str(error)
    return ""


def _redis(desk: Desk, raw: RawConfig, settings: ConsoleSettings) -> Iterator[Check]:
    wanted = {source.durability for source in settings.sources.values() if source.enabled}
    try:
        with redis_of(desk) as client:
            facts = durability.read_facts(client)
            allow_weak = settings.receiver.allow_weak_durability
            yield from diagnoses.server(facts, wanted=wanted, allow_weak=allow_weak)
            yield diagnoses.clock(_skew_s(client))
            paused = pauses.facts(client, now=now_ms(client))
            lanes = _lane_facts(client, paused)
            yield from diagnoses.lanes(lanes)
            yield from pauses.judged(paused)
            yield from diagnoses.unreadable(_left_lanes(client))
            yield diagnoses.hands(rq_worker.alive(settings.redis_url), waiting=lanes.ready)
            yield from diagnoses.counters(Inbox(client).counts())
            yield from _budgets(raw, client)
            yield from _targets(raw, client)
            yield from _workflows(raw, client)
            yield from shop_checks.checks(client, raw)
            yield from reconcile_checks.checks(client, raw)
    except ConsoleError as error:
        yield fail(
            "Redis", str(error), "start it, or put redis_url right; the receiver answers 503 meanwhile"
        )


def _spools(settings: ConsoleSettings) -> Iterator[Check]:
    for spool in seen(settings):
        yield diagnoses.spool(spool, file_system=file_system(spool.path), now_ms=int(time.time() * 1000))


def _skew_s(client: "redis.Redis") -> float:
    """
    Return how far this machine's clock is ahead of Redis', taking the middle of the round trip for its moment.
    """
    before = time.time()
    theirs = now_ms(client) / 1000
    return (before + time.time()) / 2 - theirs


def _lane_facts(client: "redis.Redis", paused: PauseFacts) -> LaneFacts:
    with client.pipeline(transaction=False) as pipeline:
        for source in Inbox(client).sources():
            pipeline.zcount(keys.ready(source), "-inf", "(+inf")
            pipeline.zcount(keys.ready(source), "+inf", "+inf")
            pipeline.zrange(keys.ready(source), 0, 0, withscores=True)
        answers = pipeline.execute()
    due = [score for first in answers[2::3] for _, score in first]
    return LaneFacts(
        ready=sum(answers[0::3]),
        held=max(0, sum(answers[1::3]) - paused.endless),
        overdue_ms=int(max(0, now_ms(client) - min(due))) if due else 0,
    )


def _left_lanes(client: "redis.Redis") -> dict[str, int]:
    """
    Return the lanes that workers have left to a newer orderhook of late, with the version of what waits there.
    """
    inbox, since = Inbox(client), now_ms(client) - diagnoses.LEFT_LATELY_MS
    lanes: list[str] = client.zrangebyscore(keys.unreadable(), since, "+inf")  # type: ignore[assignment]
    heads = [next(iter(inbox.lane(lane)), "") for lane in lanes]
    return {record.lane: record.version for record in inbox.records(heads) if not record.readable}


def _budgets(raw: RawConfig, client: "redis.Redis") -> Iterator[Check]:
    """
    Say how each API's budget stands; several sources may share one.
    """
    terms = terms_of(_api_settings(raw), call_deadline_s=1)
    for one in {each.name: each for each in terms.values()}.values():
        fields: dict[str, str] = client.hgetall(keys.budget(one.name))  # type: ignore[assignment]
        yield from budgets.judged(Standing.read(fields), one, now=now_ms(client))


def _targets(raw: RawConfig, client: "redis.Redis") -> Iterator[Check]:
    """
    Say of each target of webhooks whether it wants any, may be reached, and answers of late.
    """
    try:
        found = worker_settings(raw).targets
    except ConfigError:
        return  # said already
    for name, settings in found.items():
        standing = TargetStanding.of(client, name)
        yield targets.wanted(name, settings, standing, now=now_ms(client))
        yield targets.reachable(name, settings, asyncio.run(egress.resolved(settings.destination)))
        terms = target_terms(name)
        fields: dict[str, str] = client.hgetall(keys.budget(terms.name))  # type: ignore[assignment]
        if fields:
            yield from budgets.judged(Standing.read(fields), terms, now=now_ms(client))


def _workflows(raw: RawConfig, client: "redis.Redis") -> Iterator[Check]:
    """
    Say which workflows cannot be used: what they want is ignored, and nothing else would tell.
    """
    with contextlib.suppress(ConfigError):  # said already
        for entry in Catalog.load(raw, client).entries:
            if entry.problems and entry.switched_on:
                why = "; ".join(f"{one.key}: {one.message}" for one in entry.problems)
                found = f"{entry.name!r} of the {entry.origin} starts nothing: {why}"
                yield warn("workflows", found, "configure it anew or take it away, through the API")


def _api_settings(raw: RawConfig) -> Mapping[str, ApiSettings]:
    try:
        return worker_settings(raw).apis
    except ConfigError:
        return {}  # said already


def _apis(raw: RawConfig) -> Iterator[Check]:
    for name in _api_settings(raw):
        yield asyncio.run(_api(name, worker_settings(raw)))


async def _api(name: str, settings: WorkerSettings) -> Check:
    """
    Make the read that tells whether the order API answers and takes the token.
    """
    title, base_url = f"API {name}", settings.apis[name].base_url
    async with aiohttp.ClientSession(trust_env=False) as session:
        try:
            found = await client_of(settings, name, session).look()
        except Failure as failure:
            advice = f"look at sources.{name}.api: base_url, token and paths"
            return fail(title, f"{base_url}: {failure.reason}: {failure.message}", advice)
    return ok(title, f"{base_url} answers and takes the token ({found})")


def _receiver(base: str, *, name: str) -> Check:
    try:
        reply = call("GET", f"{base}/readyz", timeout_s=5)
    except ConsoleError as error:
        return warn(name, str(error), "start it: orderhook receiver; or it runs elsewhere: --url")
    if reply.ok:
        return diagnoses.ready(name, base, reply.json())
    return fail(name, f"{base}/readyz answers {reply.status}", "look at its log; Redis is the usual reason")
