"""
The headers that prove a message: id, time, and one signature for each secret that is in force.

Pure; the signature itself is the receiver's own half of the scheme, so that what we send we would also take.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from receiver.secrets import Secret
from receiver.verification import SecretSettings, SigningError, StandardWebhooksSettings, sign, standard_keys

_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


def signature_headers(
    secrets: Sequence[SecretSettings], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """
    Return the three headers; a receiver that knows any one of the secrets verifies them.

    Raises:
        SigningError: No secret is in force at *timestamp*.

    Source: Standard Webhooks 1.0.0, "Signature scheme": several signatures are parted by spaces.
    """
    moment = datetime.fromtimestamp(timestamp, UTC)
    usable = [each for each in secrets if each.in_force(moment)]
    if not usable:
        raise SigningError(f"none of the {len(secrets)} secrets is in force at {moment:%Y-%m-%dT%H:%M:%SZ}")
    signatures = [_signature(each, message_id=message_id, timestamp=timestamp, body=body) for each in usable]
    return {_ID: message_id, _TIMESTAMP: str(timestamp), _SIGNATURE: " ".join(signatures)}


def check_key(secret: Secret) -> None:
    """
    Return if messages can be signed with it.

    Raises:
        SecretError: It is no key of Standard Webhooks.
        SigningError: It is a public key.
    """
    standard_keys.parse(secret)
    _signature(SecretSettings(secret=secret), message_id="", timestamp=0, body=b"")


def _signature(each: SecretSettings, *, message_id: str, timestamp: int, body: bytes) -> str:
    scheme = StandardWebhooksSettings(type="standard-webhooks", secrets=(each,))
    headers = sign(scheme, event_id=message_id, event_type="", timestamp=timestamp, body=body)
    return dict(headers)[_SIGNATURE]
