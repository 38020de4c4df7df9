"""
The keys of Standard Webhooks, as people paste them.
"""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from receiver.secrets import SecretError, read_secret
from receiver.verification import standard_keys
from receiver.verification.standard_keys import Ed25519Key, HmacKey

RAW = bytes(range(100, 124))
SEED = b"TESTSIGNINGKEYDONOTUSETHISFORANY"


def parsed(text):
    return standard_keys.parse(read_secret("env:KEY", environ={"KEY": text}, folder=Path()))


@pytest.mark.parametrize(
    "text",
    [
        "whsec_" + base64.b64encode(RAW).decode(),
        base64.b64encode(RAW).decode(),
        "v1,whsec_" + base64.b64encode(RAW).decode(),
    ],
    ids=["spec", "bare", "as Supabase shows it"],
)
def test_a_shared_secret_is_read(text):
    """The spec writes `whsec_`, its libraries take it without."""
    assert HmacKey(value=RAW) == parsed(text)


def test_a_secret_without_its_padding_is_read():
    """`=` is easily lost when a secret is marked with a double click."""
    assert HmacKey(value=b"12345") == parsed("whsec_" + base64.b64encode(b"12345").decode().rstrip("="))


@pytest.mark.parametrize("raw", [SEED, SEED + bytes(32)], ids=["seed", "seed and public key"])
def test_a_key_pair_is_read(raw):
    """A sender of our own (the sandbox) signs with it."""
    key = parsed("whsk_" + base64.b64encode(raw).decode())

    assert isinstance(key, Ed25519Key)
    assert key.private is not None
    assert SEED == key.private.private_bytes_raw()


def test_a_public_key_is_read():
    """A receiver needs no more than this, so nothing that could sign is ever on its machine."""
    public = parsed("whsk_" + base64.b64encode(SEED).decode()).public.public_bytes(
        Encoding.Raw, PublicFormat.Raw
    )

    key = parsed("whpk_" + base64.b64encode(public).decode())

    assert isinstance(key, Ed25519Key)
    assert key.private is None
    assert public == key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)


@pytest.mark.parametrize(
    "text",
    [
        "whsec_",
        "whsec_====",
        "whsec_A",
        "whsec_é",
        "whsec_AAAA AAAA",
        "whpk_",
        "whpk_AAAA",
        "whsk_AAAA",
        "hunter2!",
    ],
)
def test_what_is_no_key_stops_the_start(text):
    """S2: a secret that can never verify must not look like one that can."""
    with pytest.raises(SecretError, match="env:KEY"):
        parsed(text)


@pytest.mark.parametrize(
    "text", ["whsec_hunter2-hunter2", "whpk_aHVudGVyMg==", "whsk_aHVudGVyMg==", "hunter2-hunter2"]
)
def test_an_error_about_a_key_does_not_show_it(text):
    """The start's errors are pasted into tickets."""
    with pytest.raises(SecretError) as caught:
        parsed(text)

    assert text[5:] not in str(caught.value)


def test_a_key_hides_its_value():
    """A traceback with local variables is a log as well."""
    assert "HmacKey(***)" == repr(HmacKey(value=RAW))


@given(text=st.text(min_size=1))
def test_parsing_is_total(text):
    """Any text in the settings is a key or a `SecretError`."""
    try:
        parsed(text)
    except SecretError:
        return
