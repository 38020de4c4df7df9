"""
What may be written under `[sources.NAME.scheme]`, and what stops the start.
"""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from receiver.verification import SchemeSettings, Verifier
from tests.support.schemes import EVERY_SCHEME, STANDARD_SECRET, TEXT_SECRET, scheme, settings_of

HMAC = {"type": "hmac", "header": "X-Signature", "secrets": ["s"]}


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_each_scheme_has_settings_and_a_verifier(name):
    """What the documentation lists can be written down."""
    settings = settings_of(name)

    assert EVERY_SCHEME[name]["type"] == settings.type == Verifier.build(settings).scheme


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({}, "type"),
        ({"type": "none"}, "none"),
        ({"type": "github"}, "secrets"),
        ({"type": "github", "secrets": []}, "at least 1"),
        ({"type": "github", "secrets": ["s"], "algorithm": "sha1"}, "algorithm"),
        ({"type": "unsigned", "secrets": ["s"]}, "secrets"),
        ({"type": "header", "secrets": ["s"]}, "name"),
        ({"type": "header", "name": "X-Token", "secrets": [" s "]}, "cannot stand in a header"),
        ({"type": "header", "name": "X-Token", "secrets": ["a\tb"]}, "cannot stand in a header"),
        ({"type": "basic", "username": "a:b", "secrets": ["s"]}, "username"),
        ({"type": "basic", "username": "", "secrets": ["s"]}, "username"),
        ({"type": "standard-webhooks", "secrets": ["not base64"]}, "no key of Standard Webhooks"),
        ({"type": "standard-webhooks", "secrets": [STANDARD_SECRET], "tolerance_s": 0}, "tolerance_s"),
        ({"type": "standard-webhooks", "secrets": [STANDARD_SECRET], "headers": "x"}, "headers"),
        (HMAC | {"algorithm": "md5"}, "algorithm"),
        (HMAC | {"encoding": "base32"}, "encoding"),
        (HMAC | {"header": "X Signature"}, "header"),
        (HMAC | {"prefix": "v1, "}, "prefix"),
        (HMAC | {"secret_encoding": "hex"}, "not written in hex"),
        (HMAC | {"secret_encoding": "base64"}, "not written in base64"),
        (HMAC | {"signs": "{timestamp}.{body}"}, "timestamp_header"),
        (HMAC | {"signs": "{id}.{body}"}, "id_header"),
        (HMAC | {"signs": "{url}.{body}"}, "unknown field"),
        (HMAC | {"timestamp_header": "X-Timestamp"}, "not signed proves nothing"),
        (HMAC | {"layout": "pairs", "prefix": "v1="}, "not signed proves nothing"),
        (HMAC | {"layout": "pairs", "signs": "{timestamp}.{body}"}, "prefix such as v1="),
        (HMAC | {"layout": "pairs", "signs": "{timestamp}.{body}", "prefix": "t="}, "prefix such as v1="),
        (
            HMAC
            | {"layout": "pairs", "signs": "{timestamp}.{body}", "prefix": "v1=", "timestamp_header": "X-T"},
            "no timestamp_header",
        ),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_settings_that_cannot_work_stop_the_start(raw, says):
    """S2, S16: what is unsafe or can never match is an error at the start, not a puzzle at the first delivery."""
    with pytest.raises(ValidationError) as caught:
        scheme(**raw)

    assert says in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "github", "secrets": TEXT_SECRET},
        {"type": "github", "secrets": [TEXT_SECRET], "secret": TEXT_SECRET},
        {"type": "standard-webhooks", "secrets": [TEXT_SECRET]},
        {"type": "header", "name": "X-Token", "secrets": [TEXT_SECRET + "\t."]},
        {"type": "hmac", "header": "X", "secrets": [TEXT_SECRET], "secret_encoding": "hex"},
        {"type": "hmac", "header": "X", "secrets": [{"secret": TEXT_SECRET, "until": 1}]},
    ],
    ids=["no list", "unknown key", "no key", "no header value", "no hex", "unknown key in a table"],
)
def test_an_error_about_settings_does_not_show_the_secret(raw):
    """Errors of the start are pasted into tickets."""
    with pytest.raises(ValidationError) as caught:
        scheme(**raw)

    assert TEXT_SECRET not in str(caught.value)
    assert TEXT_SECRET not in repr(caught.value)


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_settings_are_frozen(name):
    """A verifier is built once from them."""
    with pytest.raises(ValidationError):
        settings_of(name).type = "unsigned"


def test_all_schemes_have_a_json_schema():
    """The page about the configuration is generated from the models."""
    schema = TypeAdapter(SchemeSettings).json_schema()

    assert {settings["type"] for settings in EVERY_SCHEME.values()} == set(schema["discriminator"]["mapping"])
