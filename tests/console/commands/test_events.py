"""`orderhook events`: what an operator sees of recorded events."""

import re
import signal
import subprocess
import sys

import pytest

from receiver import keys
from tests.support.events import accepted, an_event
from tests.support.waiting import until
from workers.failures import Permanent, Transient


def test_the_list_shows_the_newest_event_first(client, orderhook):
    """What has just happened is what is looked for."""
    accepted(client, an_event("evt-1"))
    accepted(client, an_event("evt-2", subject="order-2"))

    said = orderhook.run("events", "list")

    assert 0 == said.code
    title, first, second = said.out.splitlines()
    assert title.split()[:3] == ["ACCEPTED", "SOURCE", "TYPE"]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  shop +order\.created +order-2 +pending", first)
    assert second.endswith("evt-1")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["evt-2", "evt-1", "evt-0"]),
        (["--source", "open"], ["evt-0"]),
        (["--type", "order.updated"], ["evt-2"]),
        (["--subject", "order-1"], ["evt-1", "evt-0"]),
        (["--status", "dead"], ["evt-1"]),
        (["--limit", "1"], ["evt-2"]),
        (["--since", "1h"], ["evt-2", "evt-1", "evt-0"]),
        (["--until", "1h"], []),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else None,
)
def test_a_filter_leaves_what_it_names(client, orderhook, options, found):
    """Among thousands of events only the right ones help."""
    accepted(client, an_event("evt-0", source="open"))
    accepted(client, an_event("evt-1", quarantine="payload_invalid", error="not JSON"))
    accepted(client, an_event("evt-2", subject="order-2", type="order.updated"))

    said = orderhook.run("events", "list", "--json", *options)

    assert found == [row["eventId"] for row in said.rows]


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--since", "bla"], "'bla' is no time"), (["--status", "done"], "'done' is no status")],
)
def test_a_filter_that_cannot_be_read_is_a_usage_error(orderhook, options, words):
    """A misspelt filter that is ignored shows the wrong events as if they were the right ones."""
    said = orderhook.run("events", "list", *options)

    assert (2, "") == (said.code, said.out)
    assert words in said.err


def test_no_event_is_talk_and_not_data(orderhook):
    """A script that counts lines must count none."""
    said = orderhook.run("events", "list")

    assert (0, "", "no such events\n") == (said.code, said.out, said.err)


def test_an_event_is_shown_with_all_that_happened_to_it(client, orderhook, dies):
    """One command answers what a support request asks: did it come, what was done, why not more."""
    dies("second", Permanent("422: the tag is too long", reason="upstream_rejected"))
    accepted(client, an_event())
    accepted(client, an_event())
    orderhook.work()

    said = orderhook.run("events", "show", "evt-1")

    shown = dict(re.findall(r"^(\w[\w ]*?)  +(.+)$", said.out.split("\n\n")[0], re.MULTILINE))
    assert "dead" == shown["status"]
    assert "upstream_rejected: 422: the tag is too long" == shown["reason"]
    assert "0.1 both: second" == shown["at step"]
    assert "hmac, by secret 0" == shown["verdict"]
    assert shown["deliveries"].startswith("2, the last at ")
    assert shown["plan"].startswith("both@")
    story = [line[25:] for line in said.out.split("\n\n")[1].splitlines()]
    assert [
        "accepted",
        "delivered again",
        'first done: {"attempt": "1"} (step 0.0)',
        "second failed without effect: upstream_rejected (step 0.1)",
    ] == story[:4]
    assert re.fullmatch(r"dead: upstream_rejected: 422: the tag is too long \(attempt 1, \d+ ms\)", story[4])


def test_an_event_that_waits_shows_its_place_in_the_lane(client, orderhook):
    """The usual reason why nothing happens is that something else comes first."""
    accepted(client, an_event("evt-1"), an_event("evt-2"))

    said = orderhook.run("events", "show", "evt-2")

    assert "number 2 of 2" in said.out


def test_a_retry_shows_when_it_is_due(client, orderhook, dies):
    """`stuck` and `waiting for its turn` look the same without the time."""
    dies("first", *[Transient("503", retry_after_s=600)] * 3)
    orderhook.configure(worker={"shift_s": 0.2, "lease_s": 5.0, "call_deadline_s": 4.0})
    accepted(client, an_event())
    orderhook.work()

    said = orderhook.run("events", "show", "evt-1")

    assert re.search(r"^due +\d{4}-", said.out, re.MULTILINE)


def test_a_step_that_was_begun_and_has_no_result_is_shown(client, orderhook):
    """This is where a worker died, or hangs."""
    accepted(client, an_event())
    client.hset(keys.event("shop", "evt-1"), "step:0.1", "1790000000000 intent 5 ")

    said = orderhook.run("events", "show", "evt-1")

    assert re.search(r"^under way +step 0\.1 since 2026-", said.out, re.MULTILINE)


def test_the_body_is_shown_only_on_request(client, orderhook):
    """It holds personal data, which need not be on a shared screen."""
    accepted(client, an_event(data={"email": "kari@example.com"}))

    assert "kari@example.com" not in orderhook.run("events", "show", "evt-1").out
    assert "kari@example.com" in orderhook.run("events", "show", "evt-1", "--body").out
    assert "kari@example.com" in orderhook.run("events", "show", "evt-1", "--body", "--json").rows[0]["body"]


def test_an_event_that_is_not_there_has_its_own_exit_code(orderhook):
    """A script must tell a wrong id from a Redis that is down."""
    said = orderhook.run("events", "show", "nope")

    assert (4, "") == (said.code, said.out)
    assert "no event 'nope' in any source" in said.err


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
def test_an_event_that_waits_in_the_spool_is_found_there(orderhook, spooled, down):
    """The sender has its 202 and asks where the event is; without Redis most of all."""
    if down:
        orderhook.configure(redis_url="redis://127.0.0.1:1/0")

    said = orderhook.run("events", "show", "evt-1")

    assert (4, "") == (said.code, said.out)
    assert f"evt-1 of open waits in the spool {spooled} since 2023-11-1" in said.err
    assert (not down) == ("no event" in orderhook.run("events", "show", "nope").err)
    assert "spool" not in orderhook.run("events", "show", "evt-1", "--source", "shop").err


def test_what_a_sender_wrote_cannot_move_the_cursor(client, orderhook):
    """A subject with escape codes could rewrite the lines above it."""
    accepted(client, an_event(subject="\x1b[2Jgone", lane="x"))

    said = orderhook.run("events", "list")

    assert "\x1b" not in said.out
    assert "\\x1b[2Jgone" in said.out


def test_a_redis_that_is_down_is_said_in_one_line_without_its_password(orderhook):
    """Error messages end up in tickets."""
    orderhook.configure(redis_url="redis://:hunter2@127.0.0.1:1/0")

    said = orderhook.run("events", "list")

    assert 3 == said.code
    assert said.err.startswith("orderhook: Redis at redis://127.0.0.1:1/0 does not answer")
    assert "hunter2" not in said.err
    assert 1 == len(said.err.splitlines())


def test_a_configuration_with_problems_shows_them_all(orderhook):
    """One run, one list: nobody wants to fix a file error by error."""
    orderhook.configure(redis_url=7, receiver={"port": "x"})

    said = orderhook.run("events", "list")

    assert 2 == said.code
    assert {"redis_url", "receiver.port"} <= {
        line.strip().partition(":")[0] for line in said.err.splitlines()
    }


def test_tail_follows_events_until_it_is_interrupted(client, orderhook):
    """Who watches a deployment sees each event as it comes, and ends it as any other command."""
    command = [sys.executable, "-m", "console.cli", "events", "tail"]
    tail = subprocess.Popen(
        command, env=orderhook.desk.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with tail:
        assert "following; Ctrl-C ends it\n" == tail.stderr.readline()
        accepted(client, an_event("evt-1", subject="order-77"))
        line = tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        until(lambda: tail.poll() is not None, what="the command ends")

    assert re.fullmatch(r"\d\d:\d\d:\d\d  order-77  order\.created +accepted\n", line)
    assert 0 == tail.returncode
