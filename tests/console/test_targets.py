"""What doctor says of a target of webhooks."""

from console.diagnoses import Verdict
from console.targets import reachable, wanted
from tests.support import hooks
from workers.targets.places import address_digest
from workers.targets.standing import Standing

URL = "https://erp.example.com/hooks/token-hush"
NOW = 1_795_000_000_000


def standing(**changes) -> Standing:
    return Standing(**{"under_way": 1, "took_ms": 90, "disabled": 0, "why": "", "address": ""} | changes)


def test_a_target_that_takes_messages_is_ok():
    """One line says so, and how many of its places are taken."""
    check = wanted("erp", hooks.settings(URL), standing(), now=NOW)

    assert Verdict.OK is check.verdict
    assert "https://erp.example.com:443, 1 of 2 places" in check.found


def test_a_disabled_target_wants_an_operator_and_says_what_to_do():
    """Its events die one by one until somebody has asked the other side."""
    found = standing(disabled=NOW - 60_000, why="target erp answered 410", address=address_digest(URL))

    check = wanted("erp", hooks.settings(URL), found, now=NOW)

    assert Verdict.FAIL is check.verdict
    assert "answered 410" in check.found
    assert "orderhook targets enable erp" in check.advice
    assert "hush" not in check.found + check.advice


def test_a_target_that_moved_is_not_disabled():
    """The 410 was another URL's."""
    found = standing(
        disabled=NOW, why="target erp answered 410", address=address_digest("https://old.example.com/")
    )

    assert Verdict.OK is wanted("erp", hooks.settings(URL), found, now=NOW).verdict


def test_a_name_that_leads_inside_is_told_before_the_first_message():
    """Else it is told by the first dead letter."""
    check = reachable("erp", hooks.settings(URL, allow_private=False), ["93.184.216.34", "10.0.0.7"])

    assert Verdict.FAIL is check.verdict
    assert "10.0.0.7" in check.found
    assert Verdict.OK is reachable("erp", hooks.settings(URL), ["10.0.0.7"]).verdict


def test_a_name_that_is_not_found_is_a_warning():
    """The workers may see another DNS than the operator's machine."""
    assert Verdict.WARN is reachable("erp", hooks.settings(URL), []).verdict
