"""
The deliveries that are sent: 1.4 kB of JSON about an order, signed as Standard Webhooks, ready as bytes of HTTP.
"""

import base64
import hmac
import json

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATH = "/webhooks/shop"
BODY_BYTES = 1400

_KEY = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), digestmod="sha256")
_HEAD = (
    b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n"
    b"webhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: v1,%b\r\n\r\n"
)


def _template() -> bytes:
    line = {
        "sku": "EV-CHARGER-11",
        "name": "Wall box, 11 kW",
        "quantity": 1,
        "unitAmount": "899000",
        "taxRate": "2500",
    }
    order = {
        "id": "order-@@@@@@@@@@@@@@@@",
        "displayId": "N-10203",
        "status": 0,
        "customer": {"name": "Kari Nordmann", "email": "kari@example.com", "phoneNumber": "+4799900111"},
        "address": {"street": "Storgata 1", "postalCode": "0155", "city": "Oslo", "countryCode": "NO"},
        "countryCode": "NO",
        "lines": [line, line, line],
        "tags": ["imported", "priority"],
        "note": "",
    }
    event = {"type": "order.created", "timestamp": "2026-01-02T03:04:05.678Z", "data": order}
    order["note"] = "x" * (BODY_BYTES - len(_compact(event)))
    return _compact(event)


def _compact(event) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()  # as most senders write it


_TEMPLATE = _template()


def body(number: int, *, run: str) -> bytes:
    """Return the body about order *number*; *run* (up to 8 characters) keeps the orders of two runs apart."""
    return _TEMPLATE.replace(b"@@@@@@@@@@@@@@@@", run.zfill(8).encode() + b"%08d" % number)


def signature(event_id: bytes, timestamp: int, content: bytes) -> bytes:
    mac = _KEY.copy()
    mac.update(b"%b.%d." % (event_id, timestamp))
    mac.update(content)
    return base64.b64encode(mac.digest())


def request(number: int, *, run: str, timestamp: int) -> bytes:
    """Return one delivery as it goes over the wire, with an id of its own."""
    content = body(number, run=run)
    event_id = b"evt_%b_%d" % (run.encode(), number)
    signed = signature(event_id, timestamp, content)
    return _HEAD % (PATH.encode(), len(content), event_id, timestamp, signed) + content
