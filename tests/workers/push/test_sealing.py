"""Encryption and signature of push messages, against the RFC's own numbers and a reader that shares no code with us."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import Vapid02
from yarl import URL

from tests.support.push import Browser, b64, point, unb64
from workers.push.sealing import MOST_BYTES, Signer, sealed
from workers.push.subscriptions import Subscription

#: RFC 8291, Appendix A.
PLAIN = unb64("V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24")
OUR_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
THEIR_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
THEIR_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb64(text), "big"), ec.SECP256R1())


def subscription(browser: Browser) -> Subscription:
    return Subscription(
        id="1",
        endpoint="https://push.example/x",
        p256dh=point(browser.private.public_key()),
        auth=browser.auth,
    )


def test_the_rfcs_own_message_comes_out():
    """Appendix A of RFC 8291, to the byte."""
    browser = Browser(private(THEIR_PRIVATE), unb64(AUTH))
    assert THEIR_PUBLIC == b64(point(browser.private.public_key()))

    found = sealed(PLAIN, subscription(browser), salt=lambda: unb64(SALT), key=lambda: private(OUR_PRIVATE))

    assert BODY == b64(found)
    assert PLAIN == browser.decrypted(found)


@given(message=st.binary(min_size=1, max_size=MOST_BYTES))
def test_a_browser_reads_what_was_written(message):
    """Any bytes, and no two bodies are alike."""
    browser = Browser()
    first, second = (sealed(message, subscription(browser)) for _ in range(2))

    assert message == browser.decrypted(first) == browser.decrypted(second)
    assert first != second
    assert len(first) <= 4096


def test_a_push_service_can_verify_who_sends():
    """For it alone, for half a day, and by the key that the browser subscribed with."""
    key = ec.generate_private_key(ec.SECP256R1())
    raw = b64(key.private_numbers().private_value.to_bytes(32, "big"))
    signer = Signer.read(raw, contact="mailto:it@example.com")

    header = signer.headers(URL("https://fcm.googleapis.com/fcm/send/abc"), now=2_000_000_000.5)[
        "Authorization"
    ]

    assert Vapid02.verify(header)
    claims = json.loads(unb64(header.split("t=")[1].split(",")[0].split(".")[1]))
    assert {"aud": "https://fcm.googleapis.com", "sub": "mailto:it@example.com"} == {
        name: claims[name] for name in ("aud", "sub")
    }
    assert claims["exp"] == 2_000_000_000 + 12 * 60 * 60
    assert header.endswith(f"k={b64(signer.public_key)}")
    assert point(key.public_key()) == signer.public_key


def test_a_key_may_be_pem():
    """As `openssl ecparam` writes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert point(key.public_key()) == Signer.read(pem.decode(), contact="mailto:a@b.no").public_key


@pytest.mark.parametrize(
    "text", ["", "abc", "-----BEGIN PRIVATE KEY-----\nx", base64.b64encode(b"x" * 16).decode(), "æ" * 43]
)
def test_what_is_no_key_is_refused_without_being_shown(text):
    """It is a secret, even a wrong one."""
    with pytest.raises(ValueError, match="expected a private key") as caught:
        Signer.read(text, contact="mailto:a@b.no")
    assert not text or text not in str(caught.value)
