"""
`ORDERHOOK_…` variables: which setting each one means, and what is said of one that means none.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.config.environment import lay_over, referenced, variable_of

NOTHING_SKIPPED: frozenset[str] = frozenset()


def laid(values, **environ):
    return lay_over(values, environ=environ, skip=NOTHING_SKIPPED)


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        pytest.param("ORDERHOOK_REDIS_URL", "redis://r", {"redis_url": "redis://r"}, id="top"),
        pytest.param("ORDERHOOK_RECEIVER__PORT", "80", {"receiver": {"port": "80"}}, id="nested"),
        pytest.param("orderhook_Receiver__pOrt", "80", {"receiver": {"port": "80"}}, id="any-case"),
        pytest.param("ORDERHOOK_ACTIONS", '["a"]', {"actions": ["a"]}, id="list"),
        pytest.param("ORDERHOOK_X", ' {"a": 1}', {"x": {"a": 1}}, id="table-after-a-space"),
        pytest.param("ORDERHOOK_X", "{id}.{body}", {"x": "{id}.{body}"}, id="text-in-braces"),
        pytest.param("ORDERHOOK_X", "[" * 100_000, {"x": "[" * 100_000}, id="nested-too-deeply"),
        pytest.param("ORDERHOOK_X", "", {"x": ""}, id="empty"),
    ],
)
def test_a_variable_is_a_setting(variable, text, expected):
    """Platforms configure by environment; names and JSON are the whole grammar."""
    assert expected == lay_over({}, environ={variable: text}, skip=NOTHING_SKIPPED).values


def test_a_variable_wins_over_the_file():
    """One image, many stages: the environment has the last word, key by key."""
    overlay = laid({"receiver": {"port": 1, "host": "h"}}, ORDERHOOK_RECEIVER__PORT="2")

    assert {"receiver": {"port": "2", "host": "h"}} == overlay.values


def test_a_longer_name_wins_over_a_shorter_one():
    """A whole table by one variable can be corrected by another, whatever order they stand in."""
    overlay = laid({}, ORDERHOOK_A__B="2", ORDERHOOK_A='{"b": 1, "c": 3}')

    assert {"a": {"b": "2", "c": 3}} == overlay.values


def test_an_underscore_finds_a_hyphen():
    """A shell cannot set a name with a hyphen, and `[sources.my-shop]` must be reachable from one."""
    overlay = laid({"sources": {"my-shop": {"enabled": True}}}, ORDERHOOK_SOURCES__MY_SHOP__ENABLED="false")

    assert {"sources": {"my-shop": {"enabled": "false"}}} == overlay.values


def test_where_two_keys_are_alike_only_the_exact_one_is_meant():
    """To guess would change the wrong source."""
    overlay = laid({"my-shop": 1, "my_shop": 2}, ORDERHOOK_MY_SHOP="3")

    assert {"my-shop": 1, "my_shop": "3"} == overlay.values


@pytest.mark.parametrize(
    ("values", "environ", "expected"),
    [
        pytest.param(
            {"redis_url": "r"},
            {"ORDERHOOK_REDIS_URL__X": "1"},
            "redis_url: text, which has no keys; expected the whole value in ORDERHOOK_REDIS_URL (a list as JSON)",
            id="below-text",
        ),
        pytest.param(
            {"workflows": [{}]},
            {"ORDERHOOK_WORKFLOWS__0__NAME": "n"},
            "workflows: a list, which has no keys; expected the whole value in ORDERHOOK_WORKFLOWS (a list as JSON)",
            id="below-a-list",
        ),
        pytest.param(
            {},
            {"ORDERHOOK_A": "1", "orderhook_a": "2"},
            "a: set by ORDERHOOK_A too; expected one of them",
            id="twice",
        ),
    ],
)
def test_a_variable_that_cannot_be_laid_is_a_problem(values, environ, expected):
    """It would otherwise be silently without effect, or win by chance."""
    overlay = lay_over(values, environ=environ, skip=NOTHING_SKIPPED)

    assert [expected] == [str(problem) for problem in overlay.gathering.problems]
    assert [f"environment {max(environ)}"] == [problem.where for problem in overlay.gathering.problems]


def test_a_secret_s_variable_is_no_setting():
    """People name their secrets after the program; that must not make an unknown key of them."""
    values = {"sources": {"shop": {"scheme": {"secrets": ["env:ORDERHOOK_SHOP", "env:OTHER"]}}}}

    overlay = laid(values, ORDERHOOK_SHOP="s", ORDERHOOK_A='["env:ORDERHOOK_A_TOKEN"]', ORDERHOOK_A_TOKEN="t")

    assert {"sources", "a"} == overlay.values.keys()


def test_names_are_found_however_deep_they_are():
    """The walk uses no recursion, since a file may be as deep as its parser can go."""
    deep = ["env:DEEP"]
    for _ in range(10_000):
        deep = [deep]

    assert {"DEEP"} == referenced(deep)


def test_the_variable_of_a_path_sets_that_path():
    """The reference page and messages name variables; they must be the right ones."""
    assert "ORDERHOOK_SOURCES__MY_SHOP__ENABLED" == variable_of(("sources", "my-shop", "enabled"))


@given(st.dictionaries(st.text("abAB_-1é", max_size=12).map(lambda rest: f"ORDERHOOK_{rest}"), st.text()))
def test_no_environment_breaks_it(environ):
    """The environment is whatever the platform put there."""
    overlay = lay_over({"a": {"b": 1}, "b-b": [1]}, environ=environ, skip=NOTHING_SKIPPED)

    assert len(environ) >= len(overlay.gathering.problems)
