"""
The receiver as a whole, over real sockets: every answer of the public contract, and what stands in Redis after it.
"""

import concurrent.futures
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import keys
from receiver.lifecycle import Status
from tests.support.events import record, written
from tests.support.receiving import Delivery, a_delivery, answer, request_bytes
from tests.support.schemes import STANDARD_SECRET, TEXT_SECRET, settings_of
from tests.support.waiting import until

#: Of the receiver in conftest.py.
BODY_LIMIT = 64 * 1024
BODY = b'{"event":"order.created","data":{"id":"order-1"}}'
JSON_ONLY = Delivery(headers=[("Content-Type", "application/json")], body=BODY)


def recorded(client) -> list[str]:
    """Return the key of every event that stands in Redis."""
    return sorted(client.scan_iter(match=keys.event("*", "*")))


def nothing_written(client) -> bool:
    return [] == written(client)


class TestAccepted:
    def test_a_signed_delivery_is_recorded_before_it_is_answered(self, receiver, client):
        """P1: a 2xx means recorded."""
        found = receiver.post(a_delivery("msg-1"))

        assert (202, {"data": {"eventId": "msg-1", "status": "accepted"}, "success": True}) == (
            found.status,
            found.json,
        )
        stored = record(client, "msg-1")
        assert (Status.PENDING, "order.created", "order-1", "standard-webhooks:0") == (
            stored.status,
            stored.type,
            stored.subject,
            stored.verdict,
        )

    def test_the_body_is_stored_as_it_was_signed(self, receiver, client):
        """Not a byte is written anew."""
        body = b'{ "event":"order.created",\n "name" : "\xc3\x98rsta" }'

        receiver.post(a_delivery("msg-1", body=body))

        assert body.decode() == client.get(keys.body(keys.event("shop", "msg-1")))

    def test_the_same_delivery_again_is_a_duplicate(self, receiver, client):
        """200: the sender is to stop repeating, and nothing happens twice."""
        receiver.post(a_delivery())

        found = receiver.post(a_delivery())

        assert (200, {"data": {"eventId": "msg-1", "status": "duplicate"}, "success": True}) == (
            found.status,
            found.json,
        )
        assert 1 == len(recorded(client))

    def test_the_same_id_with_another_body_is_a_duplicate_and_an_alarm(self, receiver, client):
        """The sender is told what it wants to hear; the operator sees it in the log and in the record."""
        receiver.post(a_delivery(subject="order-1"))

        assert (200, "duplicate") == receiver.post(a_delivery(subject="order-2")).outcome
        assert 1 == record(client, "msg-1").altered

    @pytest.mark.parametrize(("source", "status"), [("ack200", 200), ("ack201", 201), ("shop", 202)])
    def test_the_status_of_success_is_the_sources(self, receiver, source, status):
        """Some senders take only 200 for a success."""
        assert (status, "accepted") == receiver.post(a_delivery(), source).outcome
        assert (200, "duplicate") == receiver.post(a_delivery(), source).outcome

    def test_204_has_no_body_and_keeps_the_connection(self, receiver):
        """A length without a body would hang the sender, or break its next request."""
        with receiver.connected() as connection:
            for event_id, status in [("msg-1", 204), ("msg-2", 204), ("msg-2", 200)]:
                connection.sendall(request_bytes(a_delivery(event_id), path="/webhooks/ack204"))
                found = answer(connection)
                assert status == found.status
                assert (b"" if status == 204 else found.body) == found.body

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"[]", b"\xff", b"{", b'{"event":"a","n":NaN}', b"null"], ids=repr
    )
    def test_an_authentic_but_unusable_body_is_quarantined(self, receiver, client, body):
        """A 4xx would make the sender give up, or try for days; as a dead letter an operator sees it."""
        found = receiver.post(a_delivery("msg-1", body=body))

        assert (202, {"data": {"eventId": "msg-1", "status": "quarantined"}, "success": True}) == (
            found.status,
            found.json,
        )
        assert (Status.DEAD, "payload_invalid") == (
            record(client, "msg-1").status,
            record(client, "msg-1").reason,
        )
        assert (200, "duplicate") == receiver.post(a_delivery("msg-1", body=body)).outcome

    def test_an_id_that_is_not_signed_cannot_make_a_copy_new(self, receiver, client):
        """Where the scheme signs the body alone, a captured delivery comes back under another id."""
        scheme = settings_of("github")
        first, copy = (a_delivery(name, body=BODY, settings=scheme) for name in ("guid-1", "guid-2"))

        assert (202, "guid-1") == _named(receiver.post(first, "github"))
        assert (200, "guid-1") == _named(receiver.post(copy, "github"))
        assert 1 == len(recorded(client))

    def test_a_scheme_that_keeps_its_id_in_the_body_is_read_there(self, receiver, client):
        """Stripe."""
        body = b'{"id":"evt_1","type":"charge.paid","data":{"object":{"id":"ch_1"}}}'

        found = receiver.post(a_delivery(body=body, settings=settings_of("stripe")), "stripe")

        assert (202, "evt_1") == _named(found)
        assert ("charge.paid", "ch_1") == (
            record(client, "evt_1", source="stripe").type,
            record(client, "evt_1", source="stripe").subject,
        )

    def test_an_unsigned_source_records_with_an_id_from_the_body(self, receiver, client):
        """It had to be asked for by name."""
        body = b'{"id":"evt_1","event":"x"}'

        assert (202, "evt_1") == _named(receiver.post(Delivery(headers=JSON_ONLY.headers, body=body), "open"))

    def test_a_thousand_deliveries_of_one_event_are_one_event(self, receiver, client):
        """A storm of duplicates, fifty at a time: one 202, 999 times 200, one record."""
        request = request_bytes(a_delivery())

        def deliver(count):
            with receiver.connected() as connection:
                statuses = []
                for _ in range(count):
                    connection.sendall(request)
                    statuses.append(answer(connection).status)
                return statuses

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            statuses = [status for found in pool.map(deliver, [20] * 50) for status in found]

        assert (1, 999) == (statuses.count(202), statuses.count(200))
        assert [keys.event("shop", "msg-1")] == recorded(client)
        assert (1000, 1) == (record(client, "msg-1").deliveries, client.llen(keys.lane("shop", "order-1")))


def _named(found) -> tuple[int, str]:
    return found.status, found.json["data"]["eventId"]


def stale() -> int:
    return int(time.time()) - 1000


def doubled(name, value) -> Delivery:
    """Return a signed delivery with one header added, which it has already."""
    delivery = a_delivery()
    return Delivery(headers=[*delivery.headers, (name, value)], body=delivery.body)


def changed(**headers) -> Delivery:
    return a_delivery().having(**headers)


def unsigned(body) -> Delivery:
    return Delivery(headers=JSON_ONLY.headers, body=body)


#: Made when the test runs: a signature is good for five minutes, and a whole test run may take longer.
REFUSED = {
    "no signature": ("shop", lambda: JSON_ONLY, 401, "SIGNATURE_MISSING"),
    "signature stripped": (
        "shop",
        lambda: a_delivery().without("webhook-signature"),
        401,
        "SIGNATURE_MISSING",
    ),
    "signature malformed": ("shop", lambda: changed(webhook_signature="v1,xyz"), 401, "SIGNATURE_MALFORMED"),
    "id malformed": ("shop", lambda: changed(webhook_id="msg:1"), 401, "SIGNATURE_MALFORMED"),
    "another id": ("shop", lambda: changed(webhook_id="msg-2"), 401, "SIGNATURE_INVALID"),
    "another body": (
        "shop",
        lambda: Delivery(headers=a_delivery().headers, body=BODY),
        401,
        "SIGNATURE_INVALID",
    ),
    "another scheme's": (
        "shop",
        lambda: a_delivery(settings=settings_of("github")),
        401,
        "SIGNATURE_MISSING",
    ),
    "another source's": ("github", a_delivery, 401, "SIGNATURE_MISSING"),
    "no timestamp": ("shop", lambda: changed(webhook_timestamp="nan"), 401, "TIMESTAMP_MALFORMED"),
    "old timestamp": ("shop", lambda: a_delivery(timestamp=stale()), 401, "TIMESTAMP_STALE"),
    "future timestamp": ("shop", lambda: a_delivery(timestamp=stale() + 2000), 401, "TIMESTAMP_STALE"),
    "doubled id": ("shop", lambda: doubled("Webhook-Id", "msg-9"), 400, "REQUEST_MALFORMED"),
    "doubled signature": ("shop", lambda: doubled("webhook-signature", "v1,x"), 400, "REQUEST_MALFORMED"),
    "doubled content type": ("shop", lambda: doubled("Content-Type", "text/plain"), 400, "REQUEST_MALFORMED"),
    "unusable, unsigned": ("open", lambda: unsigned(b"[]"), 400, "PAYLOAD_INVALID"),
    "empty, unsigned": ("open", lambda: unsigned(b""), 400, "PAYLOAD_INVALID"),
    "no event type, unsigned": ("open", lambda: unsigned(b'{"id":"x"}'), 400, "PAYLOAD_INVALID"),
    "unknown source": ("nobody", a_delivery, 404, "SOURCE_NOT_FOUND"),
    "disabled source": ("disabled", a_delivery, 404, "SOURCE_NOT_FOUND"),
    "capitals": ("Shop", a_delivery, 404, "SOURCE_NOT_FOUND"),
    "body too large": ("shop", lambda: a_delivery(body=b"x" * (BODY_LIMIT + 1)), 413, "BODY_TOO_LARGE"),
    "gzip": ("shop", lambda: changed(Content_Encoding="gzip"), 415, "MEDIA_TYPE_UNSUPPORTED"),
    "br": ("shop", lambda: changed(Content_Encoding="br"), 415, "MEDIA_TYPE_UNSUPPORTED"),
    "two encodings": (
        "shop",
        lambda: changed(Content_Encoding="identity, gzip"),
        415,
        "MEDIA_TYPE_UNSUPPORTED",
    ),
    "no content type": ("shop", lambda: a_delivery().without("Content-Type"), 415, "MEDIA_TYPE_UNSUPPORTED"),
    "a long header": ("shop", lambda: changed(X_Long="x" * 8200), 431, "HEADERS_TOO_LARGE"),
    "too many headers": (
        "shop",
        lambda: changed(**{f"X_{n}": "1" for n in range(65)}),
        431,
        "HEADERS_TOO_LARGE",
    ),
}


class TestRefused:
    @pytest.mark.parametrize("refused", REFUSED)
    def test_it_gets_its_answer_and_nothing_is_written(self, receiver, client, refused):
        """The contract's table; and an attacker without a secret cannot put a byte into Redis."""
        source, make, status, code = REFUSED[refused]

        found = receiver.post(make(), source)

        assert (status, code) == found.outcome
        assert {
            "success": False,
            "error": {"code": code, "message": found.json["error"]["message"]},
        } == found.json
        assert nothing_written(client)

    def test_redis_is_not_even_asked_before_the_signature_is_verified(self, receiver, client):
        """A flood of bad signatures must not reach the one thing that all depend on."""
        client.config_resetstat()

        for _ in range(20):
            receiver.post(a_delivery().having(webhook_id="msg-2"))

        looks = {"cmdstat_hmget", "cmdstat_info"}  # a few times a second, at how much waits
        assert {"cmdstat_config|resetstat", *looks} >= set(client.info("commandstats"))

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "text/json",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/json; charset=latin-1",
            "application/json, text/plain",
            "application/jsonp",
            "application/vnd.api+json",
            "application/octet-stream",
            "*/*",
            "json",
            "application/json\tx",
        ],
    )
    def test_only_json_reaches_a_parser(self, receiver, client, content_type):
        """A body that two readers take for different kinds is how a form reached a JSON handler elsewhere."""
        found = receiver.post(a_delivery().having(Content_Type=content_type))

        assert (415, "MEDIA_TYPE_UNSUPPORTED") == found.outcome
        assert nothing_written(client)

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "application/json; charset=utf-8",
            'Application/JSON; Charset="UTF-8"',
            "application/json;charset=utf-8",
            "application/json;",
            " application/json ",
        ],
    )
    def test_json_is_taken_in_every_spelling(self, receiver, content_type):
        """Honest senders spell it as they like."""
        assert (202, "accepted") == receiver.post(a_delivery().having(Content_Type=content_type)).outcome

    def test_a_content_encoding_of_identity_is_none(self, receiver):
        """It says that nothing was done."""
        assert (202, "accepted") == receiver.post(a_delivery().having(Content_Encoding="identity")).outcome

    def test_a_body_without_a_length_is_asked_for_one(self, receiver):
        """411, and no guess about where it ends."""
        assert (411, "LENGTH_REQUIRED") == receiver.send(
            "POST", "/webhooks/shop", a_delivery().headers
        ).outcome

    @pytest.mark.parametrize(
        "method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
    )
    def test_only_post_delivers(self, receiver, client, method):
        """And no browser is told by CORS that it may."""
        found = receiver.send(
            method, "/webhooks/shop", [*a_delivery().headers, ("Origin", "https://evil.example")], b"{}"
        )

        assert (405, "POST") == (found.status, found.headers["allow"])
        assert not [name for name in found.headers if name.startswith("access-control")]
        assert nothing_written(client)

    def test_an_underscore_is_no_hyphen(self, receiver):
        """A proxy that drops `webhook_signature` as invalid and one that passes it on must not differ for us."""
        delivery = a_delivery()
        underscored = [
            (name.replace("-", "_"), value) for name, value in delivery.headers if name != "Content-Type"
        ]

        found = receiver.post(Delivery(headers=[*JSON_ONLY.headers, *underscored], body=delivery.body))

        assert (401, "SIGNATURE_MISSING") == found.outcome

    def test_a_source_that_sends_too_fast_is_told_to_wait(self, receiver, client):
        """429 with Retry-After, after the signature: nobody else can use up its rate."""
        forged = [receiver.post(a_delivery().having(webhook_id="x"), "limited").status for _ in range(5)]
        found = [receiver.post(a_delivery(f"msg-{n}"), "limited") for n in range(3)]

        assert [401] * 5 == forged
        assert [202, 429, 429] == [one.status for one in found]
        assert "RATE_LIMITED" == found[1].code
        assert 5 <= int(found[1].headers["retry-after"]) <= 10
        assert 1 == len(recorded(client))

    def test_every_answer_is_safe_to_show(self, receiver):
        """Not stored, not sniffed, not redirected; and no word of a server or a framework."""
        for found in [
            receiver.post(a_delivery()),
            receiver.post(JSON_ONLY),
            receiver.send("GET", "/nothing"),
            receiver.send("GET", "/readyz"),
            receiver.raw(b"rubbish\r\n\r\n"),
        ]:
            assert ("no-store", "nosniff", "application/json") == (
                found.headers["cache-control"],
                found.headers["x-content-type-options"],
                found.headers["content-type"],
            )
            assert set() == {"server", "date", "location", "set-cookie"} & set(found.headers)

    def test_neither_secret_nor_signature_is_ever_logged(self, receiver):
        """What is wrong with a signature must be findable without showing the right one."""
        delivery = a_delivery()
        receiver.post(delivery.having(webhook_id="msg-2"))
        receiver.post(delivery)

        text = receiver.log.read_text()
        signature = dict(delivery.headers)["webhook-signature"]
        assert [] == [
            secret for secret in (STANDARD_SECRET, TEXT_SECRET, signature, signature[3:]) if secret in text
        ]


HEADER_NAMES = st.sampled_from(
    [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-type",
        "content-encoding",
        "x-other",
        "expect",
    ]
)
HEADER_VALUES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
)


class TestWhateverComes:
    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.binary(max_size=200), event_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
    def test_a_signed_body_never_ends_in_a_5xx(self, receiver, body, event_id):
        """Not even the sender that holds the secret can make us fall over."""
        assert receiver.post(a_delivery(event_id, body=body)).status in (200, 202)

    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(changes=st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), min_size=1, max_size=4))
    def test_changed_headers_never_end_in_a_5xx(self, receiver, changes):
        """Total over headers, whether a header comes once, twice or with strange bytes."""
        delivery = a_delivery()

        found = receiver.post(Delivery(headers=[*delivery.headers, *changes], body=delivery.body))

        assert found.status < 500


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/webhooks",
            "/webhooks/",
            "/webhooks/shop/",
            "//webhooks/shop",
            "/webhooks//shop",
            "/WEBHOOKS/shop",
            "/webhooks/shop%2f",
            "/webhooks/a%2f..%2fshop",
            "/webhooks/../webhooks/shop",
            "/webhooks/./shop",
            "/webhooks/shop%00",
            "/webhooks/shop%0d%0aX-Evil:%201",
            "/webhooks/%2e%2e/shop",
            "/webhooks/shop;v=1",
            "/webhooks/shop%zz",
            "/webhooks/shop.json",
            "/webhooks/%ff%fe",
            "/webhooks/" + "x" * 4000,
            "/webhooks/*",
            "http://evil.example/other",
        ],
    )
    def test_what_is_no_source_is_not_found(self, receiver, client, path):
        """Neither a redirect (a failure to a sender) nor a guess at what was meant."""
        found = receiver.send("POST", path, a_delivery().headers, a_delivery().body)

        assert 404 == found.status
        assert found.code in ("NOT_FOUND", "SOURCE_NOT_FOUND")
        assert "x-evil" not in found.headers
        assert nothing_written(client)

    @pytest.mark.parametrize(
        "path", ["/webhooks/shop?x=/webhooks/nobody", "http://evil.example/webhooks/shop"]
    )
    def test_only_the_path_decides(self, receiver, client, path):
        """Neither Host nor query nor the authority of an absolute form has a say."""
        assert (202, "accepted") == receiver.send(
            "POST", path, a_delivery().headers, a_delivery().body
        ).outcome
        assert [keys.event("shop", "msg-1")] == recorded(client)

    def test_what_a_path_holds_cannot_forge_a_log_line(self, receiver):
        """Line ends and escape sequences arrive percent-encoded, and are logged as escapes."""
        receiver.send(
            "POST", "/webhooks/a%0a%1b%5b2J%7b%22event%22:%22delivery%22", a_delivery().headers, b"{}"
        )

        line = _last_line(receiver)
        assert 'a\\n\\x1b[2J{"event":"delivery"' == line["source"]
        assert "\x1b" not in receiver.log.read_text()


def _last_line(receiver) -> dict:
    """Return the log's last delivery, once it is written."""
    marker = f"marker-{time.monotonic_ns()}"
    receiver.send("POST", f"/webhooks/{marker}", a_delivery().headers, b"{}")
    until(lambda: marker in receiver.log.read_text(), what="the log is written")
    lines = receiver.lines()
    at = next(index for index, line in enumerate(lines) if line["source"] == marker)
    return lines[at - 1]


class TestLog:
    @pytest.mark.parametrize(
        ("make", "source", "fields"),
        [
            (
                lambda: a_delivery("msg-7"),
                "shop",
                {"outcome": "accepted", "status": 202, "event_id": "msg-7"},
            ),
            (lambda: JSON_ONLY, "shop", {"outcome": "SIGNATURE_MISSING", "status": 401}),
            (
                lambda: a_delivery("msg-8", body=b"[]"),
                "shop",
                {"outcome": "quarantined", "status": 202, "event_id": "msg-8"},
            ),
            (a_delivery, "nobody", {"outcome": "SOURCE_NOT_FOUND", "status": 404, "source": "nobody"}),
        ],
        ids=["accepted", "rejected", "quarantined", "unknown source"],
    )
    def test_every_delivery_leaves_one_line_with_its_reason(self, receiver, make, source, fields):
        """P5: an engineer sees in minutes why a delivery fails."""
        receiver.post(make(), source)

        line = _last_line(receiver)
        assert fields.items() <= line.items()
        assert line["duration_ms"] >= 0

    def test_why_is_in_the_log_and_not_in_the_answer(self, receiver):
        """The detail helps its operator, and would help an attacker."""
        found = receiver.post(a_delivery(timestamp=stale()))

        assert "tolerance" in _last_line(receiver)["detail"]
        assert "the delivery is not authentic" == found.json["error"]["message"]


class TestHealth:
    def test_a_healthy_receiver_says_so(self, receiver):
        """The process answers, and Redis takes a write."""
        assert {"data": {"status": "ok"}, "success": True} == receiver.send("GET", "/healthz").json
        ready = {"status": "ready", "redis": "writable", "durability": "kept"}
        assert {"data": ready, "success": True} == receiver.send("GET", "/readyz").json

    def test_readiness_is_a_real_write(self, receiver, client):
        """A PING is answered by a read-only replica and by a full server too."""
        deadline = time.monotonic() + 5
        while not client.exists(keys.probe()) and time.monotonic() < deadline:
            receiver.send("GET", "/readyz")

        assert 0 < client.ttl(keys.probe()) <= 60

    def test_a_crowd_of_probes_asks_redis_few_times(self, receiver, client):
        """Whoever reaches /readyz must not be able to keep Redis busy through it."""
        client.config_resetstat()

        for _ in range(50):
            assert 200 == receiver.send("GET", "/readyz").status

        assert client.info("commandstats").get("cmdstat_set", {"calls": 0})["calls"] < 10

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_health_checks_are_read_only_requests(self, receiver, path):
        """HEAD is what some balancers send; 405 says what is taken."""
        assert 200 == receiver.send("HEAD", path).status
        assert (405, "GET, HEAD") == (
            receiver.send("POST", path, body=b"").status,
            receiver.send("DELETE", path).headers["allow"],
        )


def test_the_shape_of_json_is_exact(receiver):
    """Documentation shows these bytes."""
    assert (
        b'{"data":{"eventId":"msg-1","status":"accepted"},"success":true}' == receiver.post(a_delivery()).body
    )
    assert {"success", "error"} == set(json.loads(receiver.post(JSON_ONLY).body))
