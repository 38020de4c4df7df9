"""Tokens of the REST API: shown once, stored as a digest, gone when revoked."""

import pytest

from console import tokens
from console.scopes import Scope
from console.tokens import NameTaken, Tokens
from receiver import keys

NOW = 1_790_000_000_000
DAY_MS = 86_400_000


def test_a_token_is_recognisable_and_of_256_random_bits(client):
    """What looks for secrets in places where none should be must be able to find ours."""
    found = {Tokens(client).create(f"t{n}", Scope.READ, by="ola", now=NOW)[0] for n in range(20)}

    assert 20 == len(found)
    assert all(tokens.has_form(text) for text in found)


def test_the_token_itself_is_nowhere_in_redis(client):
    """Whoever reads a dump of Redis must not be able to call the API."""
    text, _ = Tokens(client).create("t", Scope.ADMIN, by="ola", now=NOW)

    stored = [client.hgetall(key) for key in client.scan_iter() if client.type(key) == "hash"]
    assert text not in repr(stored)
    assert text not in repr(list(client.scan_iter()))


def test_no_two_tokens_have_one_name(client):
    """Revoking one of two by its name would be a guess."""
    Tokens(client).create("t", Scope.READ, by="ola", now=NOW)

    with pytest.raises(NameTaken):
        Tokens(client).create("t", Scope.ADMIN, by="kari", now=NOW)

    assert [(Scope.READ, "ola")] == [(one.scope, one.by) for one in Tokens(client).all()]
    assert 1 == len(list(client.scan_iter(match=keys.token("*"))))


def test_a_revoked_name_can_be_used_again(client):
    """A token that leaked is replaced by one of the same name."""
    Tokens(client).create("t", Scope.READ, by="ola", now=NOW)

    assert Tokens(client).revoke("t")
    assert not Tokens(client).revoke("t")
    assert Tokens(client).create("t", Scope.READ, by="ola", now=NOW)


def test_the_name_of_one_that_expired_long_ago_is_free(client):
    """Redis took its record away; the index must not remember it for ever."""
    Tokens(client).create("t", Scope.READ, by="ola", now=1, expires=2)

    assert [] == Tokens(client).all()
    assert Tokens(client).create("t", Scope.READ, by="ola", now=NOW)


def test_an_expired_token_is_listed_for_a_while(client):
    """Who asks why calls are refused since yesterday finds the answer."""
    now = int(client.time()[0]) * 1000
    Tokens(client).create("t", Scope.READ, by="ola", now=now - DAY_MS, expires=now - 1)

    (found,) = Tokens(client).all()
    assert found.expired(now)


@pytest.mark.parametrize("text", ["0d", "90", "3651d", "tomorrow", ""])
def test_a_lifetime_that_cannot_be_meant_is_refused(text):
    """A token without an end must be asked for by leaving the time out."""
    with pytest.raises(ValueError, match="expected"):
        tokens.lifetime(text)
