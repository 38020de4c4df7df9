"""Which sources share a budget, and by which terms."""

import pytest

from receiver.secrets import Secret
from workers.budget.budgets import name_of, terms_of
from workers.sections import ApiSettings


def api(*, base_url="https://api.example.com", token="env:TOKEN", value="hush-hush", **more) -> ApiSettings:
    return ApiSettings(base_url=base_url, token=Secret(token, value), **more)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        pytest.param(api(), "api.example.com env:TOKEN", id="by the reference"),
        pytest.param(api(token="file:t"), "api.example.com file:t", id="by the file"),
        pytest.param(api(base_url="http://h:1/gate/"), "h:1/gate env:TOKEN", id="with port and path"),
        pytest.param(api(token="literal"), "api.example.com shop", id="a token in the settings is not shown"),
    ],
)
def test_an_api_is_named_by_its_address_and_whose_token(settings, name):
    """Limits are counted per token; the name is seen in Redis and by operators, so the token is not in it."""
    assert name == name_of("shop", settings)


def test_sources_with_one_token_share_a_budget():
    """Two budgets would be twice the limit."""
    terms = terms_of({"a": api(), "b": api(), "c": api(token="env:OTHER")}, call_deadline_s=20)

    assert terms["a"] == terms["b"]
    assert terms["c"].name != terms["a"].name


def test_the_lowest_rate_of_those_who_share_it_holds():
    """Somebody set it for a reason."""
    terms = terms_of(
        {"a": api(rate_per_s=9, burst=3), "b": api(rate_per_s=4, burst=7), "c": api()}, call_deadline_s=20
    )

    assert {(4, 3)} == {(one.rate_per_s, one.burst) for one in terms.values()}


def test_the_longest_time_between_tries_of_those_who_share_it_holds():
    """Whoever asked to be spared more calls to a broken API is."""
    terms = terms_of({"a": api(circuit_probe_s=30), "b": api()}, call_deadline_s=20)

    assert {30} == {one.probe_s for one in terms.values()}


def test_patience_leaves_the_call_most_of_its_time():
    """The wait for a token is taken from the time of the step."""
    short, long = (terms_of({"a": api()}, call_deadline_s=deadline)["a"] for deadline in (2, 60))

    assert (0.5, 5) == (short.patience_s, long.patience_s)
