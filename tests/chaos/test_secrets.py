"""A secret is replaced under load, and a configuration that cannot be used changes nothing: E9 of the catalogue."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from console.embedded import free_port
from tests.chaos.load import Event, Load
from tests.chaos.scene import in_flight
from tests.support.system import Process, System
from tests.support.waiting import until

OLD, NEW = (f"whsec_{base64.b64encode(bytes([one]) * 24).decode()}" for one in (1, 2))
RATE = 200
STREAMS = 8
#: How long the old secret goes on beside the new one, by the time that the receivers need to start: they are all
#: started again before the second sender changes over, and both are to be seen at once.
OVERLAP_BY_START = 2.0
REFUSED_WITHIN_S = 5.0
UNUSABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed(Event):
    """An event signed by Standard Webhooks, each time it is sent; written anew here, to be compared with ours."""

    secret: str

    @property
    def request(self) -> bytes:
        body = json.dumps({"event": self.type, "data": {"id": self.subject}}).encode()
        now = int(time.time())
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signature = hmac.digest(key, f"{self.id}.{now}.".encode() + body, hashlib.sha256)
        lines = (
            "POST /webhooks/installer HTTP/1.1",
            "host: test",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"webhook-id: {self.id}",
            f"webhook-timestamp: {now}",
            f"webhook-signature: v1,{base64.b64encode(signature).decode()}",
        )
        return "\r\n".join([*lines, "", ""]).encode() + body


def signed_by(secret: str, name: str) -> list[Iterator[Event]]:
    """Return streams without an end, each event of an order of its own."""

    def stream(number: int) -> Iterator[Event]:
        for count in itertools.count():
            event_id = f"{name}-{number}-{count}"
            yield Signed(id=event_id, subject=event_id, secret=secret)

    return [stream(number) for number in range(STREAMS)]


def configure(system: System, *secrets: object) -> None:
    system.configure([], source={"scheme": {"type": "standard-webhooks", "secrets": list(secrets)}})


@pytest.mark.within(180)
def test_e9_a_secret_is_replaced_under_load(system, shown):
    """Two senders change over one after the other; in between both are believed, and afterwards only the new one."""
    ports = [system.receiver_port, free_port()]
    configure(system, OLD)
    begun = time.monotonic()
    receivers = [system.start_receiver(port) for port in ports]
    overlap_s = 1.0 + OVERLAP_BY_START * (time.monotonic() - begun)

    def sender(secret: str, name: str) -> Load:
        file = system.folder / f"{name}.acked"
        streams = signed_by(secret, name)
        return Load(ports=ports, streams=streams, acked_file=file, rate=RATE / 2)

    with sender(OLD, "old") as old:
        until(lambda: len(old.acked) > RATE / 2, within_s=20)
        assert_unusable_changes_nothing(system, old)
        ends_at = datetime.now(UTC) + timedelta(seconds=overlap_s)
        ends = time.monotonic() + overlap_s
        configure(system, {"secret": OLD, "not_after": ends_at}, {"secret": NEW})
        for port, receiver in zip(ports, receivers, strict=True):
            receiver.stop()
            system.start_receiver(port)
        # Before it was started again, a receiver knew nothing of the end.
        known = max(ends, time.monotonic())
        with sender(NEW, "new") as new:
            until(lambda: sum(one.status == 401 for one in old.tries) > STREAMS, within_s=overlap_s + 30)
            seen = len(new.acked)
            until(lambda: len(new.acked) > seen + RATE / 4, within_s=20)

    early = [one for one in old.tries if one.status == 401 and one.at + one.seconds < ends]
    late = max(one.at for one in old.tries if one.acked) - known
    assert [] == early
    assert late < REFUSED_WITHIN_S
    assert 401 not in new.statuses()
    assert not {500, 502, 504} & set(old.statuses() | new.statuses())
    assert len(in_flight(system)) >= len(old.acked) + len(new.acked)
    both = [sum(ends - overlap_s < at < ends for at in load.acked.values()) for load in (old, new)]
    assert all(both)
    shown(
        "E9",
        criterion="replaced under 200/s: 0 × 401 for either secret in the overlap, the old one refused within 5 s",
        reached=f"{both[0]} + {both[1]} acknowledged in an overlap of {overlap_s:.0f} s, 0 × 401; "
        f"last one believed by the old secret {max(0.0, late) * 1000:.0f} ms behind its end; "
        "a configuration that cannot be used stopped a start and nothing else",
    )


def assert_unusable_changes_nothing(system: System, load: Load) -> None:
    """Assert that what is running goes on, and that what is started says what is wrong."""
    configure(system, {"secret": "no secret of this kind"})
    refused: Process = system.start("receiver", *system.command("receiver", "--port", str(free_port())))
    assert UNUSABLE == refused.popen.wait(30)
    assert "sources.installer.scheme.secrets" in refused.log.read_text()
    acked = len(load.acked)
    until(lambda: len(load.acked) > acked + RATE / 4, within_s=20)
    assert 401 not in load.statuses()
