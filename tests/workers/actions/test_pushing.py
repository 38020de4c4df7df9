"""The action `send_push`, from the event in Redis to a push service whose browsers decrypt what they get."""

import contextlib
from dataclasses import dataclass, field

import pytest
import tomlkit
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

from receiver import keys
from receiver.config import ConfigError, read_config
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from tests.support.http_peer import Seen, Upstream, answering, serving
from tests.support.push import Browser, b64
from workers import shift
from workers.plant import Plant
from workers.push import subscriptions
from workers.push.subscriptions import Allowed, Subscription
from workers.settings import definitions, worker_settings

pytestmark = pytest.mark.anyio

KEY = b64(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big"))
OWN = Allowed(hosts=("127.0.0.1",), allow_private=True)


@dataclass
class PushService:
    """One, with its browsers; answers for each as it is told, 201 else."""

    upstream: Upstream
    browsers: dict[str, Browser] = field(default_factory=dict)
    answers: dict[str, list[int]] = field(default_factory=dict)

    def subscribe(self, client, name: str) -> Subscription:
        self.browsers[name] = Browser()
        one = Subscription.checked(
            endpoint=f"{self.upstream.url}/push/{name}", **self.browsers[name].keys, name=name, allowed=OWN
        )
        subscriptions.save(client, one)
        return one

    async def behave(self, seen: Seen, writer) -> bool:
        waiting = self.answers.get(seen.path.rpartition("/")[2])
        return await answering(waiting.pop(0) if waiting else 201, b"", {})(seen, writer)

    @property
    def read(self) -> list[tuple[str, object]]:
        """What each browser has read, in the order of arrival."""
        names = [(seen.path.rpartition("/")[2], seen) for seen in self.upstream.seen]
        return [(name, self.browsers[name].read(seen.body)["title"]) for name, seen in names]


@pytest.fixture(name="service")
async def _service():
    async with serving() as upstream:
        service = PushService(upstream)
        upstream.behaviours.append(service.behave)
        yield service


@pytest.fixture(name="config")
def _config(redis_url, tmp_path):
    """Makes a configuration with one step `send_push`; changes are those of the table `push`."""

    def build(step=None, **push):
        own = {"hosts": ["127.0.0.1"], "allow_private": True}
        values = {
            "redis_url": redis_url,
            "push": {"private_key": KEY, "subject": "mailto:it@example.com"} | own | push,
            "sources": {"shop": {"scheme": {"type": "unsigned"}}},
            "worker": {"lease_s": 5.0, "call_deadline_s": 2.0, "retry": {"base_s": 0.001, "cap_s": 0.001}},
            "workflows": [
                {
                    "name": "tell",
                    "trigger": "order.created",
                    "actions": [{"type": "send_push", "title": "{{ data.id }} is new"} | (step or {})],
                }
            ],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        return read_config(environ={}, path=path)

    return build


async def work(raw) -> None:
    settings = worker_settings(raw)
    await shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02)


async def test_every_browser_reads_the_message(client, config, service):
    """Encrypted for each, proven to be ours, and under a topic that a repeat replaces it by."""
    for name in ("kari", "ola"):
        service.subscribe(client, name)
    accepted(client, an_event())

    await work(config({"body": "by {{ event.source }}", "url": "https://shop.example/{{ data.id }}"}))

    assert Status.SUCCEEDED is record(client).status
    assert [("kari", "order-1 is new"), ("ola", "order-1 is new")] == sorted(service.read)
    seen = service.upstream.seen[0]
    body = service.browsers[seen.path.rpartition("/")[2]].read(seen.body)
    assert ("by shop", "https://shop.example/order-1") == (body["body"], body["url"])
    assert ("aes128gcm", "86400", "normal") == tuple(
        seen.headers[name] for name in ("content-encoding", "ttl", "urgency")
    )
    assert body["tag"] == seen.headers["topic"]
    assert 32 == len(seen.headers["topic"])
    assert Vapid02.verify(seen.headers["authorization"])
    assert '"sent":2' in record(client).ledger["0.0"].detail


async def test_only_those_that_are_named_get_it(client, config, service):
    """And a name that nobody has is said, since somebody believes to be told."""
    kari = service.subscribe(client, "kari")
    service.subscribe(client, "ola")
    service.subscribe(client, "per")
    accepted(client, an_event())

    await work(config({"to": ["ola", kari.id, "nils"]}))

    assert ["kari", "ola"] == sorted(name for name, _ in service.read)
    assert '"nobodyIsCalled":["nils"]' in record(client).ledger["0.0"].detail


async def test_a_retry_goes_to_those_only_who_were_not_served(client, config, service):
    """Nobody's telephone rings five times because another's push service is slow."""
    for name in ("kari", "ola"):
        service.subscribe(client, name)
    service.answers = {"ola": [503, 429, 201]}
    accepted(client, an_event())

    for _ in range(4):
        await work(config())

    assert Status.SUCCEEDED is record(client).status
    assert ["kari", "ola", "ola", "ola"] == sorted(name for name, _ in service.read)
    topics = {seen.headers["topic"] for seen in service.upstream.seen}
    assert 1 == len(topics)
    assert 0 < client.ttl(keys.pushed(topics.pop())) <= 30 * 24 * 60 * 60


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(client, config, service, status):
    """It will never come back under that address."""
    service.subscribe(client, "kari")
    service.subscribe(client, "ola")
    service.answers = {"kari": [status]}
    accepted(client, an_event())

    await work(config())

    assert Status.SUCCEEDED is record(client).status
    assert ["ola"] == [one.name for one in subscriptions.listed(client)]
    assert '"gone":1' in record(client).ledger["0.0"].detail


async def test_a_refusal_is_a_dead_letter_behind_all_others(client, config, service):
    """403 is a wrong key: an operator must act, and those who could be served have been."""
    service.subscribe(client, "kari")
    service.subscribe(client, "ola")
    service.answers = {"kari": [403]}
    accepted(client, an_event())

    await work(config())

    found = record(client)
    assert (Status.DEAD, "push_refused") == (found.status, found.reason)
    assert "1 of 2 are not served" in found.error
    assert "/push/" not in found.error, "who knows the address can post to it"
    assert ["kari", "ola"] == sorted(name for name, _ in service.read)


async def test_nobody_to_tell_is_no_failure(client, config):
    """The first order may come before the first browser."""
    accepted(client, an_event())

    await work(config())

    assert Status.SUCCEEDED is record(client).status
    assert "nobody has subscribed" in record(client).ledger["0.0"].detail


async def test_an_address_that_is_not_allowed_any_more_is_not_connected_to(client, config, service):
    """The settings decide at the time of sending, not at the time of subscribing."""
    service.subscribe(client, "kari")
    accepted(client, an_event())

    await work(config(hosts=["push.apple.com"], allow_private=False))

    assert (Status.DEAD, "push_refused") == (record(client).status, record(client).reason)
    assert [] == service.upstream.seen


async def test_a_message_that_does_not_fit_is_said_to_be_too_long(client, config, service):
    """A push service would only say 413."""
    service.subscribe(client, "kari")
    accepted(client, an_event(data={"name": "x" * 5000}))

    await work(config({"body": "{{ data.name }}"}))

    assert (Status.DEAD, "push_too_long") == (record(client).status, record(client).reason)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        pytest.param({"title": "{{ data.id"}, "expected a template", id="syntax"),
        pytest.param({"urgency": "now"}, "very-low", id="urgency"),
        pytest.param({"ttl_s": -1}, "greater than or equal to 0", id="ttl"),
    ],
)
async def test_a_wrong_step_is_found_before_the_start(config, step, said):
    """And without the key."""
    with pytest.raises(ConfigError, match=said):
        definitions(config(step, private_key="env:NOT_SET"))


async def test_a_step_without_the_table_is_found_before_the_start(config):
    """It would fail with the first order."""
    raw = config()
    del raw.values["push"]

    with pytest.raises(ConfigError, match=r"expected a table \[push\]"):
        definitions(raw)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"private_key": "abc"}, "expected a private key"), ({"subject": "it"}, "mailto:")],
)
async def test_a_wrong_table_is_found_at_the_start(config, changes, said):
    """Every push service would refuse every message."""
    with pytest.raises(ConfigError, match=said), contextlib.suppress(AssertionError):
        worker_settings(config(**changes))
