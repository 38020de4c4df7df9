"""The life cycle of an order."""

import pytest

from sandbox.installer.phases import MAIN_PATH, MOVES, Change, Phase, following, steps


def test_every_phase_has_its_moves_and_its_change():
    """A phase that is added must not be forgotten in a table."""
    assert set(Phase) == set(MOVES)
    assert {phase.word for phase in Phase} <= set(Change)


def test_created_is_0():
    """The one number that can be inferred from the vendor's sample."""
    assert 0 == Phase.CREATED


@pytest.mark.parametrize(
    ("start", "end", "way"),
    [
        (Phase.CREATED, Phase.DISPATCHING, (Phase.DISPATCHING,)),
        (Phase.CREATED, Phase.COMPLETED, MAIN_PATH[1:]),
        (Phase.CREATED, Phase.DECLINED, (Phase.DISPATCHING, Phase.DECLINED)),
        (Phase.SCHEDULED, Phase.CANCELLED, (Phase.CANCELLED,)),
        (Phase.DECLINED, Phase.SCHEDULED, (Phase.DISPATCHING, Phase.SCHEDULED)),
        (Phase.CREATED, Phase.CREATED, None),
        (Phase.SCHEDULED, Phase.DECLINED, None),
        (Phase.COMPLETED, Phase.CANCELLED, None),
        (Phase.CANCELLED, Phase.COMPLETED, None),
    ],
)
def test_the_way_from_one_phase_to_another(start, end, way):
    """Every phase on the way is passed, and no way leads back."""
    assert way == steps(start, end)


@pytest.mark.parametrize("start", Phase)
@pytest.mark.parametrize("end", Phase)
def test_each_step_of_a_way_is_a_legal_move(start, end):
    """The table of moves is the truth; ways are only walks in it."""
    way = steps(start, end) or ()

    assert all(after in MOVES[before] for before, after in zip((start, *way), way, strict=False))


@pytest.mark.parametrize("phase", [Phase.COMPLETED, Phase.CANCELLED])
def test_nothing_follows_an_end(phase):
    """An order that is over stays over."""
    assert following(phase) is None
