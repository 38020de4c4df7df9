"""The control: a checker that cannot fail proves nothing, so each kind of wrong is shown to it once."""

import random
from collections import Counter

import pytest

from tests.support.system import System

from .harness.checker import Effect, Sent, check, recovery
from .harness.deck import catalogue, shuffled
from .harness.fleet import Fleet
from .harness.life import LIFE

SENT = [
    Sent(id=f"evt-{order}-{number}", order=order, number=number) for order in "ab" for number in range(10)
]
EFFECTS = [
    Effect(log="api", order=event.order, number=event.number, name=name, key=None, at=1000 * event.number)
    for event in SENT
    for name in LIFE[event.number].effects
]


def test_c1_a_log_without_fault_passes():
    """Else the three below would show nothing."""
    verdict = check(SENT, EFFECTS, life=LIFE)

    assert (20, [], [], [], []) == (
        verdict.acked,
        verdict.lost,
        verdict.duplicate,
        verdict.inverted,
        verdict.repeated,
    )


@pytest.mark.parametrize("gone", [0, 1, 7, len(EFFECTS) - 1])
def test_c2_one_lost_effect_is_found(gone):
    """Any of them: also the second of two that one event leaves, and the last of all."""
    verdict = check(SENT, EFFECTS[:gone] + EFFECTS[gone + 1 :], life=LIFE)

    missing = EFFECTS[gone]
    assert [f"evt-{missing.order}-{missing.number}: no {missing.name}"] == verdict.lost


def test_c3_what_waits_for_a_person_is_not_lost():
    """A dead letter is kept with its reason, and an operator sees it."""
    verdict = check(SENT, EFFECTS[:-1], life=LIFE, dead={"evt-b-9"})

    assert [] == verdict.lost


def test_c4_one_duplicate_is_found():
    """The order API logs what it has done, so a second line is a second effect."""
    verdict = check(SENT, [*EFFECTS, EFFECTS[-1]], life=LIFE)

    assert ["('b', 9, 'order.cancel'): 2 times"] == verdict.duplicate


def test_c5_a_repeat_is_absorbed_only_under_its_own_key():
    """A target that honours keys takes the second for the first; under another key it would act again."""
    note = {"log": "deeds", "order": "a", "number": 1, "name": "note", "at": 0}
    once, again = Effect(key="k-1", **note), Effect(key="k-1", **note)
    other = Effect(key="k-2", **note)

    assert [] == check([], [once, again], life=LIFE).duplicate
    assert ["a 1 note"] == check([], [once, again], life=LIFE).repeated
    assert ["('a', 1, 'note'): 2 times"] == check([], [once, other], life=LIFE).duplicate


def test_c6_one_inversion_is_found():
    """Two events of one order in the wrong order; those of another order in between change nothing."""
    swapped = [EFFECTS[0], EFFECTS[1], EFFECTS[3], EFFECTS[-1], EFFECTS[2], *EFFECTS[4:-1]]

    verdict = check(SENT, swapped, life=LIFE)

    assert "a: note of event 1 after one of event 2" in verdict.inverted


def test_c7_recovery_is_measured_from_the_fault_to_the_next_effect():
    """Effects come once a second here; a fault behind the last of them has no next."""
    found = recovery([("kill", 500), ("freeze", 1000), ("kill", 1900), ("kill", 99_000)], EFFECTS)

    assert (0.5, 1.0, "freeze") == (found.p50, found.longest, found.worst)


def test_c8_a_seed_gives_the_same_blows_again(tmp_path):
    """What a run has shown can be looked at again: which fault comes when, and what it draws, is settled beforehand."""
    fleet = Fleet(system=System(tmp_path), life=LIFE, chance=random.Random(0))

    def blows(seed):
        cards = shuffled(catalogue(fleet), random.Random(seed))
        return [(card.fault.kind, card.fault.target, card.seed, card.gap) for card in cards]

    assert blows(1) == blows(1)
    assert blows(1) != blows(2)
    assert Counter(kind for kind, *_ in blows(1)) == Counter(kind for kind, *_ in blows(2))
