"""
Whether a delivery comes from whom it should: the schemes, verifying and signing.

Owns signatures, times, ids in headers and secrets in rotation. Knows neither HTTP nor Redis, and never reads
a clock: headers, body and time go in, a verdict comes out, for any bytes at all.
"""

from .fields import SecretSettings
from .settings import (
    BasicSettings,
    GithubSettings,
    HeaderSettings,
    HmacSettings,
    SchemeSettings,
    ShopifySettings,
    StandardWebhooksSettings,
    StripeSettings,
    UnsignedSettings,
    WoocommerceSettings,
)
from .sign import SigningError, sign
from .verdict import Headers, Rejected, RejectionCode, Verdict, Verified
from .verify import Verifier

__all__ = [
    "BasicSettings",
    "GithubSettings",
    "HeaderSettings",
    "Headers",
    "HmacSettings",
    "Rejected",
    "RejectionCode",
    "SchemeSettings",
    "SecretSettings",
    "ShopifySettings",
    "SigningError",
    "StandardWebhooksSettings",
    "StripeSettings",
    "UnsignedSettings",
    "Verdict",
    "Verified",
    "Verifier",
    "WoocommerceSettings",
    "sign",
]
