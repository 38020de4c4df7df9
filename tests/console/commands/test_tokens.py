"""`orderhook tokens`: making, listing and revoking tokens."""

from console import tokens
from console.trail import Outcome, Trail


def test_a_token_is_printed_once_and_alone_on_stdout(orderhook):
    """`TOKEN=$(orderhook tokens create …)` must give the token and nothing else."""
    said = orderhook.run("tokens", "create", "grafana", "--scope", "read", "--expires", "90d")

    assert 0 == said.code
    assert tokens.has_form(said.out.strip())
    assert "shown this once" in said.err
    (row,) = orderhook.run("tokens", "list", "--json").rows
    assert ("grafana", "read", "ola", False) == (row["name"], row["scope"], row["createdBy"], row["expired"])
    assert "token" not in row


def test_a_second_token_of_a_name_is_refused(orderhook):
    """It would have to be guessed which of the two a name means."""
    orderhook.run("tokens", "create", "t", "--scope", "read")

    said = orderhook.run("tokens", "create", "t", "--scope", "admin")

    assert (1, "") == (said.code, said.out)
    assert "there is a token 't'" in said.err


def test_a_name_or_a_time_that_cannot_be_used_says_why(orderhook):
    """What was expected is what one types next."""
    name = orderhook.run("tokens", "create", "a b", "--scope", "read")
    expires = orderhook.run("tokens", "create", "t", "--scope", "read", "--expires", "soon")

    assert (2, 2) == (name.code, expires.code)
    assert "expected letters, digits" in name.err
    assert "expected a time such as 12h" in expires.err


def test_revoking_says_so_and_stands_in_the_trail(orderhook, client):
    """Who took it back, and why, is asked when something stops working."""
    orderhook.run("tokens", "create", "t", "--scope", "read")

    said = orderhook.run("tokens", "revoke", "t", "--why", "leaked")
    again = orderhook.run("tokens", "revoke", "t")

    assert (0, 4) == (said.code, again.code)
    refused, revoked, made = Trail(client).newest(offset=0, limit=10)
    assert (Outcome.DONE, "ola", "leaked", {"name": "t"}) == (
        revoked.outcome,
        revoked.by,
        revoked.why,
        revoked.facts,
    )
    assert (Outcome.REFUSED, Outcome.DONE) == (refused.outcome, made.outcome)
