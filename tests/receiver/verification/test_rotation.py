"""
Several secrets: which one is in force, and which one gets the credit.
"""

import math
from datetime import UTC, datetime

import pytest

from receiver.verification import RejectionCode
from receiver.verification.rotation import Window, credited
from receiver.verification.verdict import Refusal

ALWAYS = Window.of(None, None)


def at(second):
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(
    ("not_before", "not_after", "now", "holds"),
    [
        (None, None, 0.0, True),
        (1000, None, 999.9, False),
        (1000, None, 1000.0, True),
        (None, 2000, 1999.9, True),
        (None, 2000, 2000.0, False),
        (1000, 2000, 1500.0, True),
        (1000, 2000, math.nan, False),
        (None, None, math.nan, False),
    ],
)
def test_a_secret_is_in_force_from_its_beginning_until_just_before_its_end(not_before, not_after, now, holds):
    """S17: an old secret that never ends is a second way in for ever."""
    window = Window.of(at(not_before) if not_before else None, at(not_after) if not_after else None)

    assert holds == window.holds(now)


def test_the_first_matching_secret_in_force_is_credited():
    """An operator sees when the old secret was last used, and may then take it away."""
    over = Window.of(None, at(1000))

    assert 2 == credited([0, 2, 3], [over, ALWAYS, ALWAYS, ALWAYS], now=5000.0)


@pytest.mark.parametrize(
    ("matched", "windows", "says"),
    [
        ([], [ALWAYS, ALWAYS], "none of the 2 secrets made it"),
        ([0], [Window.of(None, at(1000))], "secrets[0] made it, but ended at 1970-01-01T00:16:40Z"),
        ([1], [ALWAYS, Window.of(at(9000), None)], "secrets[1] made it, but begins at 1970-01-01T02:30:00Z"),
    ],
    ids=["none", "ended", "not begun"],
)
def test_a_delivery_without_a_secret_in_force_is_refused_with_the_reason(matched, windows, says):
    """`made with a secret whose time is over` and `made by a stranger` need different people to act."""
    with pytest.raises(Refusal) as caught:
        credited(matched, windows, now=5000.0)

    assert RejectionCode.SIGNATURE_INVALID == caught.value.code
    assert says == caught.value.detail
