"""Which secrets sign, and which cannot."""

import pytest

from receiver.secrets import Secret, SecretError
from receiver.verification import SecretSettings, SigningError
from tests.support.hooks import OTHER_SECRET, SECRET
from workers.targets.signing import check_key, signature_headers

NOW = 1_700_000_000


def secret(text: str = SECRET, **times) -> SecretSettings:
    return SecretSettings.model_validate({"secret": text, **times})


def signatures(*secrets: SecretSettings) -> list[str]:
    headers = signature_headers(secrets, message_id="msg_1", timestamp=NOW, body=b"{}")
    return headers["webhook-signature"].split(" ")


def test_each_secret_in_force_signs_in_its_order():
    """The receiver may know the old one, the new one or both."""
    old = secret(OTHER_SECRET, not_after="2030-01-01T00:00:00Z")

    assert signatures(secret(), old) == [*signatures(secret()), *signatures(old)]


def test_a_secret_that_is_over_signs_no_more():
    """Replaced means replaced."""
    over = secret(OTHER_SECRET, not_after="2020-01-01T00:00:00Z")

    assert signatures(secret(), over) == signatures(secret())


def test_without_one_in_force_nothing_is_signed():
    """Nothing fails open."""
    with pytest.raises(SigningError):
        signatures(secret(not_before="2040-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("text", "error"), [("not base64!", SecretError), ("whpk_" + "A" * 43 + "=", SigningError)]
)
def test_what_cannot_sign_is_found_before_the_first_message(text, error):
    """A public key verifies; to sign one needs its other half."""
    with pytest.raises(error):
        check_key(Secret("env:KEY", text))
