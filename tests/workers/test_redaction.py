"""
Redaction: what never reaches a log or a record, and what an operator still needs to read.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.redaction import LIMIT, redacted, slug

CANARY = "kQ7xZp9LmN3vR8tY2wB6cD4f"  # random-looking: mixed case and digits


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Authorization: Bearer {CANARY}", id="authorization-header"),
        pytest.param("authorization=Basic dXNlcjpwYXNz", id="basic"),
        pytest.param(f"sent bearer {CANARY}", id="bearer-in-prose"),
        pytest.param("bearer hunter2", id="bearer-short"),
        pytest.param('{"token": "hunter two"}', id="json-token-with-space"),
        pytest.param("X-Api-Key: 0123abcd", id="api-key"),
        pytest.param("url?access_token=abc123&x=1", id="query"),
        pytest.param("password = hunter2", id="password"),
        pytest.param("Set-Cookie: session=abc123", id="cookie"),
        pytest.param("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", id="webhook-secret"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", id="jwt"),
        pytest.param("sk_live_abcdefgh12345678", id="vendor-key"),
        pytest.param(f"the key {CANARY} was refused", id="random-word"),
        pytest.param("redis://worker:hunter2@redis:6379/0", id="url-password"),
        pytest.param("unknown customer john.doe@example.com", id="e-mail"),
        pytest.param("GET /customers?q=john.doe%40example.com", id="e-mail-encoded"),
        pytest.param("unknown customer kåre+1@blåbær.example.no", id="e-mail-unicode"),
    ],
)
def test_what_looks_like_a_credential_or_an_address_is_hidden(text):
    """Error texts of other libraries quote requests; none of it may reach Redis, a log or the dashboard."""
    secrets = (
        CANARY, "dXNlcjpwYXNz", "hunter", "0123abcd", "abc123", "C2FVs", "eyJ", "abcdefgh", "john", "kåre"
    )  # fmt: skip

    shown = redacted(text)

    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("order 5f0e4c1a-9b1d-4f7e-8a43-0d2b8a1c9e11 is completed", id="uuid"),
        pytest.param("sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", id="digest"),
        pytest.param("POST https://api.installer.com/api/v1/order answered 422", id="url"),
        pytest.param("timestamp 1674087231 is 612 s old; tolerance is 300 s", id="value-and-expectation"),
        pytest.param("ClientConnectorCertificateError: certificate has expired", id="long-class-name"),
        pytest.param("Bearer token expired; the digest of the body is not basic.", id="prose-about-tokens"),
        pytest.param("Ærlig talt: blåbær 蓝莓", id="letters-of-any-language"),
    ],
)
def test_what_an_operator_needs_stays(text):
    """A message without the order's id and the address called would be of no use at three in the morning."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb", r"a\nb", id="newline"),
        pytest.param("\x1b[2J", r"\x1b[2J", id="ansi"),
        pytest.param("a\x00b", r"a\x00b", id="nul"),
        pytest.param("a\u202eb", r"a\u202eb", id="bidi"),
        pytest.param("a\ud800b", r"a\ud800b", id="lone-surrogate"),
    ],
)
def test_control_characters_are_shown_escaped(text, shown):
    """One log line stays one line, and a terminal obeys nobody."""
    assert redacted(text) == shown


def test_a_credential_cut_in_half_is_not_shown():
    """The tail of a long text is dropped at a word, so that no half of a token is left unrecognised."""
    text = "Bearer " + "x" * 1_960 + f" john.doe@example.com{CANARY}"

    assert "john" not in redacted(text)


@given(st.text(max_size=3_000))
def test_any_text_comes_out_short_printable_and_encodable(text):
    """Whatever an upstream or a user's code puts into an error."""
    shown = redacted(text)

    assert len(shown) <= LIMIT
    assert shown.isprintable()
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "a-" * 500_000, "a@" * 500_000, "token" * 200_000, "=" * 10**6]
)
def test_a_huge_text_costs_no_more_than_a_long_one(text):
    """An upstream's 1 MB error page must not hold a worker; the rest is not even read."""
    assert len(redacted(text)) <= LIMIT


@given(st.text())
def test_a_slug_is_never_empty_and_has_only_slug_characters(text):
    """It is used in keys and labels without further checks."""
    made = slug(text)

    assert 0 < len(made) <= 64
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
