"""`orderhook targets`: where webhooks go, and who wants none any more."""

import pytest

from receiver import keys
from workers.targets.places import address_digest

URL = "https://erp.example.com/hooks/token-hush"


@pytest.fixture(name="erp")
def _erp(orderhook, client):
    """`orderhook` with two targets, of which one answered 410."""
    orderhook.configure(
        targets={
            "erp": {"url": URL, "secrets": ["env:ERP_SECRET"]},
            "crm": {"url": "env:CRM_URL", "secrets": ["env:CRM_SECRET"]},
        }
    )
    disabled = {
        "disabled": "1000",
        "address": address_digest(URL),
        "why": "target erp answered 410",
        "took": "12.0",
    }
    client.hset(keys.target("erp"), mapping=disabled)
    return orderhook


def test_the_list_needs_no_secrets_and_shows_none(erp):
    """It is the first thing that an operator types."""
    said = erp.run("targets", "list")

    assert 0 == said.code
    assert "https://erp.example.com:443" in said.out
    assert "target erp answered 410" in said.out
    assert "env:CRM_URL" in said.out
    assert "hush" not in said.out
    assert [("erp", 12, True), ("crm", 0, False)] == [
        (row["target"], row["tookMs"], row["disabledAt"] is not None)
        for row in erp.run("targets", "list", "--json").rows
    ]


def test_without_targets_it_says_so(orderhook):
    """An empty table looks like a fault."""
    assert "no targets\n" == orderhook.run("targets", "list").err


def test_a_target_is_enabled_again(erp, client):
    """And the operator is told how its events go on."""
    said = erp.run("targets", "enable", "erp")

    assert 0 == said.code
    assert "orderhook replay" in said.err
    assert None is client.hget(keys.target("erp"), "disabled")
    assert "was not disabled" in erp.run("targets", "enable", "erp").err


def test_a_target_that_is_not_there_is_told_with_those_that_are(erp):
    """A slip of the keyboard should cost no second look."""
    said = erp.run("targets", "enable", "erq")

    assert 4 == said.code
    assert "erp, crm" in said.err


def test_doctor_tells_of_a_disabled_target(erp):
    """It fails the check that is looked at each morning."""
    environ = {"CRM_URL": "https://crm.invalid/", "ERP_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}

    said = erp.run("doctor", environ={**environ, "CRM_SECRET": environ["ERP_SECRET"]})

    assert "erp: disabled for" in said.out
    assert "crm: https://crm.invalid:443, 0 of 2 places taken" in said.out
    assert "crm: crm.invalid is not found" in said.out
