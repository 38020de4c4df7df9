"""`orderhook sources`: who may send, and is the configuration right?"""

import pytest

SIGNED = {"type": "standard-webhooks", "secrets": ["env:SHOP_SECRET"]}
ENVIRON = {"SHOP_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "API_TOKEN": "t"}


def test_the_list_needs_no_secrets(orderhook):
    """An operator's shell need not hold what a forger wants."""
    orderhook.configure(sources={"shop": {"scheme": SIGNED}, "open": {"scheme": {"type": "unsigned"}}})

    said = orderhook.run("sources", "list")

    assert 0 == said.code
    assert ["shop", "/webhooks/shop", "standard-webhooks"] == said.out.splitlines()[1].split()[:3]
    assert ["shop", "open"] == [row["source"] for row in orderhook.run("sources", "list", "--json").rows]


def test_check_shows_what_was_understood_and_no_secret(orderhook):
    """The output is pasted into tickets."""
    orderhook.configure(sources={"shop": {"scheme": SIGNED}})

    said = orderhook.run("sources", "check", environ=ENVIRON)

    assert 0 == said.code
    assert "POST http://127.0.0.1:8000/webhooks/shop" in said.out
    assert "verified by standard-webhooks with Secret(env:SHOP_SECRET)" in said.out
    assert ENVIRON["SHOP_SECRET"] not in said.out + said.err
    assert "1 source can be used, with 0 warnings\n" == said.err


@pytest.mark.parametrize(
    ("source", "warning"),
    [
        ({"scheme": {"type": "unsigned"}}, "anybody may send"),
        ({"scheme": {"type": "unsigned"}}, 'trust = "hint"'),
        (
            {"scheme": {"type": "header", "name": "X-Token", "secrets": ["env:API_TOKEN"]}},
            "nothing about what",
        ),
        ({"scheme": {"type": "basic", "username": "u", "secrets": ["env:API_TOKEN"]}}, "use TLS"),
        ({"scheme": {"type": "github", "secrets": ["plain text"]}}, "stands in the file itself"),
        (
            {"scheme": {"type": "hmac", "header": "X-S", "algorithm": "sha1", "secrets": ["env:API_TOKEN"]}},
            "SHA-1 is weak",
        ),
        ({"scheme": SIGNED, "enabled": False}, "it is disabled"),
        (
            {
                "scheme": SIGNED,
                "system": "installer",
                "api": {"base_url": "http://api.example.com", "token": "env:API_TOKEN"},
            },
            "without TLS",
        ),
    ],
    ids=["unsigned", "believed", "header", "basic", "literal", "sha1", "disabled", "http"],
)
def test_what_is_weak_is_said(orderhook, source, warning):
    """It is allowed, and somebody should have decided it."""
    orderhook.configure(sources={"shop": source})

    said = orderhook.run("sources", "check", environ=ENVIRON)

    assert 0 == said.code
    assert warning in said.out


def test_check_finds_what_is_missing_on_both_sides(orderhook):
    """The receiver's secret and the workers' token, in one list."""
    api = {"base_url": "http://127.0.0.1:8002", "token": "env:NO_TOKEN"}
    scheme = {"type": "github", "secrets": ["env:NO_SECRET"]}
    orderhook.configure(sources={"shop": {"scheme": scheme, "system": "installer", "api": api}})

    said = orderhook.run("sources", "check")

    assert 2 == said.code
    assert "env:NO_SECRET is not set" in said.err
    assert "env:NO_TOKEN is not set" in said.err
