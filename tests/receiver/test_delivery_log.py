"""One line per delivery: nothing of a sender can forge a line or drive a terminal, and none is lost or held for long."""

import json
import time
import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.delivery_log import FLUSH_LINES, MAX_TEXT, Delivery, DeliveryLog, Silence, as_json, as_text
from tests.support.waiting import until_async

HOSTILE = [
    pytest.param("shop\nevil", id="line feed"),
    pytest.param("shop\r\nevil", id="carriage return"),
    pytest.param("shop\x1b[2Jevil", id="escape sequence"),
    pytest.param("shop\x9b2Jevil", id="8-bit escape sequence"),
    pytest.param("shop\x00evil", id="NUL"),
    pytest.param("shop\x7fevil", id="delete"),
    pytest.param("shop\u2028evil", id="line separator"),
    pytest.param("shop\u202eevil", id="right to left override"),
    pytest.param("shop\ud800evil", id="half a surrogate pair"),
]


def a_delivery(**changes) -> Delivery:
    fields = {
        "source": "shop",
        "outcome": "accepted",
        "status": 202,
        "event_id": "msg-1",
        "detail": "",
        "started": 0.0,
    }
    return Delivery(**fields | changes)


def control_characters(line: str) -> set[str]:
    return {
        character for character in line if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }


@pytest.mark.parametrize("line_of", [as_json, as_text])
@pytest.mark.parametrize("field", ["source", "detail"])
@pytest.mark.parametrize("text", HOSTILE)
def test_control_characters_of_a_sender_show_as_escapes(line_of, field, text):
    """A path or header with a line end would forge log lines; an escape sequence would rule the operator's terminal."""
    line = line_of(a_delivery(**{field: text}), now=0.0, elapsed_s=0.0)

    assert set() == control_characters(line)
    assert "evil" in line


@given(st.text(), st.text())
def test_any_text_makes_one_printable_line(source, detail):
    """Logging is total: it never raises and never breaks a line."""
    for line_of in (as_json, as_text):
        line = line_of(a_delivery(source=source, detail=detail), now=0.0, elapsed_s=0.0)

        assert set() == control_characters(line)
        assert len(line) < 20 * MAX_TEXT


def test_long_text_of_a_sender_is_cut():
    """An 8 kB header in each line would fill the disk of a log server."""
    line = as_json(a_delivery(detail="x" * 10_000), now=0.0, elapsed_s=0.0)

    assert MAX_TEXT == len(json.loads(line)["detail"])


def test_the_json_line_has_the_fields_by_which_one_searches():
    """The names are the contract with whatever collects logs."""
    line = json.loads(as_json(a_delivery(detail="altered"), now=1_700_000_000.5, elapsed_s=0.0123))

    assert 1_700_000_000.5 == datetime.fromisoformat(line.pop("at")).timestamp()
    assert {
        "event": "delivery",
        "source": "shop",
        "outcome": "accepted",
        "status": 202,
        "event_id": "msg-1",
        "detail": "altered",
        "duration_ms": 12.3,
    } == line


def test_the_text_line_reads_like_a_sentence():
    """On a terminal a person follows along."""
    line = as_text(a_delivery(), now=0.0, elapsed_s=0.0014)

    assert line.endswith(" delivery shop accepted 202 msg-1 1.4 ms")


@pytest.mark.anyio
async def test_lines_are_written_within_a_moment():
    """Many at a time, but nobody waits for the next delivery to see the last one."""
    written = []
    log = DeliveryLog(written.append, terminal=False)

    log.add(a_delivery(event_id="msg-1", started=time.perf_counter()))
    log.add(a_delivery(event_id="msg-2", started=time.perf_counter()))

    async def flushed():
        return written

    await until_async(flushed, within_s=2)
    assert 1 == len(written)
    assert ["msg-1", "msg-2"] == [json.loads(line)["event_id"] for line in written[0].splitlines()]


@pytest.mark.anyio
async def test_a_burst_is_written_at_once():
    """What waits is bounded."""
    written = []
    log = DeliveryLog(written.append, terminal=False)

    for _ in range(FLUSH_LINES):
        log.add(a_delivery())

    assert FLUSH_LINES == len(written[0].splitlines())
    log.flush()
    assert 1 == len(written)


@pytest.mark.anyio
async def test_a_log_that_cannot_be_written_disturbs_no_delivery():
    """The event is recorded by then: a reader of the log that went away must not turn a 202 into an error."""
    lines = []

    def broken(text):
        lines.append(text)
        raise BrokenPipeError

    log = DeliveryLog(broken, terminal=False)
    for _ in range(3 * FLUSH_LINES):
        log.add(a_delivery())

    assert 3 == len(lines)
    log.flush()


@pytest.mark.anyio
async def test_silence_writes_nothing(capsys):
    """`log_deliveries = false`."""
    log = Silence()

    log.add(a_delivery())
    log.flush()

    assert ("", "") == capsys.readouterr()
