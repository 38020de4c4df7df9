"""
Receivers of webhooks for tests: how a target is configured, and what the two public libraries say of what it got.
"""

import base64
from collections.abc import Mapping
from typing import Any

import svix.webhooks
from standardwebhooks.webhooks import Webhook

from tests.support.http_peer import Seen
from workers.target_settings import TargetSettings

SECRET = "whsec_" + base64.b64encode(b"a secret of a target, for tests!").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of that target...").decode()


def target(url: str, **changes: Any) -> dict[str, Any]:
    """Return the table of a target on this machine, valid by default."""
    return {"url": url, "secrets": [SECRET], "allow_private": True} | changes


def settings(url: str, *, environ: Mapping[str, str] | None = None, **changes: Any) -> TargetSettings:
    """Return the settings of a target on this machine."""
    return TargetSettings.model_validate(target(url, **changes), context={"environ": environ or {}})


def verified(seen: Seen, secret: str = SECRET) -> Any:
    """Return what a message says, as somebody reads it who uses one of the libraries; both must agree."""
    headers = dict(seen.headers)
    svix.webhooks.Webhook(secret).verify(seen.body, headers)
    return Webhook(secret).verify(seen.body, headers)
