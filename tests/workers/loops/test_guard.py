"""When an event is one too many, and when an echo is passed over: tables of records and limits."""

import pytest

from receiver.lifecycle import Status
from receiver.record import Echo, Record, StepState
from receiver.record_lines import LedgerEntry
from workers import ending
from workers.failures import Reason
from workers.loop_settings import LoopGuardSettings
from workers.loops import LoopRules
from workers.loops.guard import Tally

ECHO = Echo(write="assign_tag", source="shop", event_id="evt-0")
NOW = 1_000_000
RULES = LoopRules(max_depth=5, max_runs=60, window_s=600)


def a_record(**changes) -> Record:
    fields = Record.read("orderhook:event:shop:evt-1", {"status": Status.RUNNING, "source": "shop"})
    whole = {name: getattr(fields, name) for name in Record.__dataclass_fields__}
    return Record(**whole | {"accepted": NOW} | changes)


def reason(record: Record, tally: Tally = Tally(), *, runs: int = 1) -> str | None:  # noqa: B008 - a value
    failure = RULES.too_much(record, tally, runs=runs)
    return failure.reason if failure else None


@pytest.mark.parametrize(("depth", "expected"), [(0, None), (5, None), (6, Reason.LOOP_DEPTH)])
def test_a_chain_ends_behind_its_limit(depth, expected):
    """The limit itself is still allowed, as its name says."""
    assert expected == reason(a_record(depth=depth))


@pytest.mark.parametrize(
    ("tally", "runs", "expected"),
    [
        (Tally(59, NOW - 1), 1, None),
        (Tally(59, NOW - 1), 2, Reason.ORDER_RATE),
        (Tally(60, NOW - 1), 1, Reason.ORDER_RATE),
        (Tally(60, NOW - 600_000), 1, None),
        (Tally(60, NOW - 599_999), 1, Reason.ORDER_RATE),
    ],
)
def test_an_order_has_so_many_runs_in_a_window(tally, runs, expected):
    """All runs of an event count, and none of a window that is over."""
    assert expected == reason(a_record(), tally, runs=runs)


def test_what_has_begun_is_finished():
    """Half of a workflow's steps would be worse than one run too many."""
    begun = {"0.0": LedgerEntry(at=1, state=StepState.DONE, token=1)}

    assert None is reason(a_record(depth=9, ledger=begun), Tally(900, NOW - 1))


def test_no_limit_holds_for_a_replay():
    """Who replays has looked; a limit that stopped it again would leave no way out."""
    record = a_record(depth=9, replays=1, echo=ECHO)

    assert None is reason(record, Tally(900, NOW - 1))
    assert not RULES.passes_over(record)


def test_an_echo_is_passed_over_unless_the_settings_let_it_run():
    """The switch of `[loop_guard]`; the depth is counted either way."""
    assert RULES.passes_over(a_record(echo=ECHO))
    assert not RULES.passes_over(a_record())
    assert not LoopRules.of(LoopGuardSettings(echo="run")).passes_over(a_record(echo=ECHO))


def test_the_reason_names_the_limit_and_what_to_do():
    """Read at three in the morning, and whole: a record keeps 200 characters."""
    deep = RULES.too_much(a_record(depth=6, echo=ECHO), Tally(), runs=1)
    often = RULES.too_much(a_record(), Tally(60, NOW), runs=1)

    assert "write 6 of a chain of our own" in deep.message
    assert "60 runs within 600 s" in often.message
    for message in (deep.message, often.message):
        assert message.endswith("replay the event")
        assert ending.MAX_ERROR >= len(message)


def test_a_source_has_what_it_says_and_else_what_holds_for_all():
    """A default that is spelled out nowhere must not hide what `[loop_guard]` says."""
    general = LoopGuardSettings(max_depth=7, max_order_runs=10)

    mixed = LoopGuardSettings(max_order_runs=600).over(general)

    assert (7, 600, 120.0) == (mixed.max_depth, mixed.max_order_runs, mixed.echo_window_s)
