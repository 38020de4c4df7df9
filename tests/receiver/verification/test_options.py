"""
The presets as data: what the settings of an `hmac` would have to say to be the same.
"""

import pytest

from receiver.verification import Verified, Verifier
from receiver.verification.options import PRESETS
from tests.support.schemes import BODY, NOW, TEXT_SECRET, delivery, scheme, settings_of

AS_HMAC = {
    "github": {
        "header": "X-Hub-Signature-256",
        "prefix": "sha256=",
        "id_header": "X-GitHub-Delivery",
        "type_header": "X-GitHub-Event",
    },
    "shopify": {
        "header": "X-Shopify-Hmac-Sha256",
        "encoding": "base64",
        "id_header": "X-Shopify-Event-Id",
        "type_header": "X-Shopify-Topic",
    },
    "woocommerce": {
        "header": "X-WC-Webhook-Signature",
        "encoding": "base64",
        "type_header": "X-WC-Webhook-Topic",
    },
    "stripe": {
        "header": "Stripe-Signature",
        "layout": "pairs",
        "prefix": "v1=",
        "signs": "{timestamp}.{body}",
    },
}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_an_hmac_that_somebody_has_written_down(name):
    """A sender that is nearly like a known one is reached from there, option by option."""
    settings = scheme(type="hmac", secrets=[TEXT_SECRET], **AS_HMAC[name])

    found = Verifier.build(settings).verify(delivery(settings_of(name)), BODY, now=float(NOW))

    assert isinstance(found, Verified)


@pytest.mark.parametrize(
    ("name", "signs_id", "guard", "paths"),
    [
        ("github", False, True, (None, None)),
        ("shopify", False, True, (None, None)),
        ("woocommerce", False, True, (None, None)),
        ("stripe", True, False, ("id", "type")),
    ],
)
def test_a_preset_says_where_the_id_is_and_whether_it_is_signed(name, signs_id, guard, paths):
    """S11: duplicates are told by signed material, or the body is remembered beside the id."""
    options = PRESETS[name]

    assert (signs_id, guard, paths) == (
        options.signs_id,
        options.replay_guard,
        (options.id_path, options.type_path),
    )
