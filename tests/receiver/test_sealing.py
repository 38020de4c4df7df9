"""Secrets at rest: what is sealed opens with any of the keys, and with no other."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from receiver.sealing import SealError, Sealing, SealingKeys, new_key
from receiver.secrets import Secret

OLD, NEW = Secret("env:OLD", new_key()), Secret("env:NEW", new_key())


class Table(BaseModel):
    model_config = ConfigDict(strict=True, arbitrary_types_allowed=True, hide_input_in_errors=True)

    key: SealingKeys


def test_a_key_is_replaced_without_a_gap():
    """The new one seals from now on, and what the old one sealed still opens."""
    before = Sealing([OLD]).sealed("whsec")

    both = Sealing([NEW, OLD])

    assert "whsec" == both.opened(before)
    assert "whsec" == Sealing([NEW]).opened(both.sealed("whsec"))


@pytest.mark.parametrize("text", ["", "x", "whsec", "ø"], ids=["empty", "short", "plain", "no ASCII"])
def test_what_no_key_opens_is_an_error_that_shows_nothing(text):
    """Whoever can write to Redis can put anything there."""
    with pytest.raises(SealError, match="none of the keys opens it") as caught:
        Sealing([NEW]).opened(text)

    assert caught.value.__cause__ is None


def test_what_another_key_sealed_does_not_open():
    """The receiver must not read what is sealed for the workers."""
    with pytest.raises(SealError):
        Sealing([NEW]).opened(Sealing([OLD]).sealed("cs_1"))


def test_what_is_sealed_shows_nothing_and_is_never_the_same():
    """Equal secrets of two shops must not show in Redis."""
    sealing = Sealing([NEW])

    assert sealing.sealed("whsec") != sealing.sealed("whsec")
    assert "whsec" not in sealing.sealed("whsec")


@pytest.mark.parametrize("given", [OLD, [NEW, OLD], [OLD]], ids=["one", "two", "a list of one"])
def test_a_setting_takes_one_key_or_several(given):
    """Most have one, and only who replaces it has two."""
    assert OLD in Table(key=given).key


def test_what_is_no_key_is_refused_with_a_way_to_one():
    """A password would be weak, and Fernet takes none."""
    with pytest.raises(ValidationError, match="orderhook secrets new-key") as caught:
        Table(key="correct horse battery staple")

    assert "horse" not in str(caught.value)
