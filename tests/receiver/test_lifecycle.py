"""The table of legal moves, and what is drawn and sent from it."""

import pytest

from receiver import lifecycle
from receiver.lifecycle import CLOSED, IN_FLIGHT, MOVES, Status


def reachable(start: Status) -> set[Status]:
    found, new = set(), {start}
    while new:
        found |= new
        new = {end for status in new for end in MOVES[status]} - found
    return found


def test_the_table_knows_every_status():
    """A status without a row is one that an event could never leave."""
    assert set(Status) == set(MOVES)


def test_every_status_is_in_flight_or_at_an_end():
    """The loss equation adds these up: each event must be on exactly one side, a dead letter on its own."""
    assert set(Status) == IN_FLIGHT | CLOSED | {Status.DEAD}
    assert set() == IN_FLIGHT & CLOSED
    assert Status.DEAD not in IN_FLIGHT | CLOSED


def test_every_status_can_be_reached_by_a_new_event():
    """What no event can become is no status."""
    assert set(Status) == reachable(Status.PENDING)


@pytest.mark.parametrize("status", sorted(IN_FLIGHT | {Status.DEAD}))
def test_what_is_not_closed_can_still_succeed(status):
    """No event may be stuck for good in a status that promises work."""
    assert Status.SUCCEEDED in reachable(status)


def test_a_discarded_event_moves_no_more():
    """An operator closed it for good."""
    assert frozenset() == MOVES[Status.DISCARDED]


def test_only_a_claim_leads_to_running():
    """Work begins from a lane: pending, after a backoff, or when a dead holder's lease is over."""
    starts = {status for status in Status if Status.RUNNING in MOVES[status]}

    assert {Status.PENDING, Status.RETRYING, Status.RUNNING} == starts


def test_an_end_is_left_by_a_replay_only():
    """What is over starts again only because an operator said so."""
    assert {Status.PENDING} == set().union(*(MOVES[status] for status in CLOSED))
    assert {Status.PENDING, Status.DISCARDED} == MOVES[Status.DEAD]


def test_the_text_for_the_scripts_holds_each_move_between_spaces():
    """The scripts search for " from>to ": without the outer spaces the first and last move would be illegal."""
    text = lifecycle.moves_text()

    assert text.startswith(" ")
    assert text.endswith(" ")
    assert {f"{start}>{end}" for start, ends in MOVES.items() for end in ends} == set(text.split())


def test_the_diagram_draws_every_move():
    """The picture in the docs is the table."""
    lines = {line.strip() for line in lifecycle.diagram().splitlines()}

    assert {f"{start} --> {end}" for start, ends in MOVES.items() for end in ends} <= lines
    assert {f"{status} --> [*]: retention" for status in CLOSED} <= lines
    assert {"[*] --> pending: accept", "[*] --> dead: quarantine"} <= lines
