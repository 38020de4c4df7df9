"""
The wording of problems.
"""

from datetime import date

import pytest

from receiver.config import ConfigError, Gathering, Problem, dotted, shown
from receiver.config.problems import kind_of


def a_problem(*, where="f.toml", key="a.b", found="1", expected="2"):
    return Problem(where=where, key=key, found=found, expected=expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("a", "b_1", "c-d"), "a.b_1.c-d", id="bare"),
        pytest.param(("secrets", 0, "secret"), "secrets[0].secret", id="list"),
        pytest.param(("a b", "", "c\nd"), '"a b".""."c\\nd"', id="quoted"),
        pytest.param((), "", id="all"),
    ],
)
def test_a_key_is_written_as_in_toml(path, expected):
    """It can be searched for in the file, and cannot break a line of the log."""
    assert expected == dotted(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("te\nxt", r'"te\nxt"', id="text"),
        pytest.param("\x1b[2J\u202e", r'"\u001b[2J\u202e"', id="control-characters"),
        pytest.param("x" * 100, f'"{"x" * 59}…', id="long"),
        pytest.param(True, "true", id="truth"),
        pytest.param(7, "7", id="whole"),
        pytest.param(float("nan"), "nan", id="number"),
        pytest.param(10**5_000, "a whole number of thousands of digits", id="huge"),
        pytest.param(["secret"], "a list", id="list"),
    ],
)
def test_a_scalar_is_shown_and_anything_else_named(value, expected):
    """A value is easier to find than its kind; what is in a table may be secret."""
    assert expected == shown(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s", "text"),
        ("", "text, empty"),
        (True, "true or false"),
        (1, "a whole number"),
        (1.5, "a number"),
        ({"a": 1}, "a table"),
        ([1], "a list"),
        ([], "a list, empty"),
        (date(2026, 1, 1), "a date or time"),
        (None, "null"),
        (Ellipsis, "a value of another kind"),
    ],
    ids=str,
)
def test_every_kind_of_value_has_a_name(value, expected):
    """A secret's problem shows this and nothing more."""
    assert expected == kind_of(value)


def test_problems_are_listed_by_place_one_per_line():
    """A person reads them top to bottom with the file open beside."""
    error = ConfigError(
        [
            a_problem(key="a"),
            a_problem(where="environment ORDERHOOK_B", key="b"),
            a_problem(key="c", found="all is said", expected=""),
            a_problem(key="", found="whole"),
        ]
    )

    assert [
        "f.toml",
        "  a: 1; expected 2",
        "  c: all is said",
        "  whole; expected 2",
        "environment ORDERHOOK_B",
        "  b: 1; expected 2",
    ] == str(error).split("\n")


def test_a_problem_is_told_once():
    """Two checks of one file may find the same."""
    assert (a_problem(),) == ConfigError([a_problem(), a_problem()]).problems


def test_gathering_keeps_going():
    """The second problem is found while the first is still there."""
    gathering = Gathering()

    def fails(key):
        raise ConfigError([a_problem(key=key)])

    assert gathering.attempt(lambda: fails("a")) is None
    assert 1 == gathering.attempt(lambda: 1)
    gathering.attempt(lambda: fails("b"))

    with pytest.raises(ConfigError) as caught:
        gathering.raise_all()
    assert ["a", "b"] == [problem.key for problem in caught.value.problems]


def test_gathering_nothing_is_silent():
    """No problem, no error."""
    Gathering().raise_all()
