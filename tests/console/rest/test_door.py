"""One operation over real HTTP: who may call, what is read how, and what is answered."""

import socket

import pytest

from console.rest.app import create_app
from console.rest.operation import Services
from console.scopes import Scope
from console.tokens import Tokens
from console.trail import Outcome, Trail
from receiver import store
from receiver.config import read_config
from tests.console.rest.conftest import OPERATIONS
from tests.support.rest import served


def test_an_answer_is_an_envelope_with_camel_case_names(reader):
    """Callers of the Dispatch API read ours with the same code."""
    reply = reader.get("/api/shelves/a?closely=true")

    assert 200 == reply.status
    assert {"data": {"shelfId": "a", "told": "dust"}, "success": True} == reply.json


def test_a_list_tells_its_page_and_how_many_there_are(reader):
    """Who pages must know when to stop."""
    found = reader.get("/api/shelves?Page=3&PageSize=50").json

    assert [str(n) for n in range(100, 120)] == [one["shelfId"] for one in found["data"]]
    counts = {name: found[name] for name in ("page", "pageSize", "totalCount", "totalPages", "partial")}
    assert {"page": 3, "pageSize": 50, "totalCount": 120, "totalPages": 3, "partial": False} == counts


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ohk_short"},
        {"Authorization": "Bearer ohk_" + "A" * 43},
        {"Authorization": "Basic b2hrOg=="},
    ],
    ids=["none", "empty", "no token", "unknown", "another scheme"],
)
def test_without_a_valid_token_nothing_is_told(stranger, headers):
    """Whether a token ever existed is nobody's business."""
    reply = stranger.get("/api/shelves", **headers)

    assert (401, "UNAUTHORIZED") == (reply.status, reply.code)
    assert "Bearer" == reply.headers["www-authenticate"]
    assert "a valid token is needed: Authorization: Bearer ohk_…" == reply.message


def test_a_revoked_token_is_refused_at_once(reader, client):
    """It was in a screenshot: each further minute counts."""
    assert 200 == reader.get("/api/shelves").status

    Tokens(client).revoke("read")

    assert 401 == reader.get("/api/shelves").status


def test_an_expired_token_is_refused(stranger, client):
    """Its end was part of what was agreed."""
    now = int(client.time()[0]) * 1000
    token, _ = Tokens(client).create("old", Scope.ADMIN, by="test", now=now - 2, expires=now - 1)

    assert 401 == stranger.having(token).get("/api/shelves").status


def test_the_last_use_of_a_token_is_noted(reader, client):
    """A token that nobody has used for a year can go."""
    assert 0 == Tokens(client).get("read").used

    reader.get("/api/shelves")

    assert Tokens(client).get("read").used > 1_700_000_000_000


def test_a_scope_covers_those_below_it_and_no_other(reader, operator):
    """A dashboard's token must not dispatch an order."""
    assert (403, "FORBIDDEN") == ((found := reader.post("/api/shelves/a", {"title": "x"})).status, found.code)
    assert "the token's scope is read; this needs operate" == found.message
    assert 200 == operator.post("/api/shelves/a", {"title": "x"}).status
    assert 200 == operator.get("/api/shelves").status


def test_every_answer_tells_what_is_left_of_the_limit(reader):
    """A caller that knows can slow down before it is refused."""
    first, second = reader.get("/api/shelves"), reader.get("/api/shelves/a?nope=1")

    assert ("50", "49") == tuple(first.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining"))
    assert (400, "48") == (second.status, second.headers["x-ratelimit-remaining"])
    assert int(first.headers["x-ratelimit-reset"]) > 1_700_000_000


def test_a_call_too_many_is_told_when_to_come_back(reader):
    """One caller's loop must not take the console from the others."""
    codes = [reader.get("/api/shelves/a").status for _ in range(50)]
    reply = reader.get("/api/shelves/a")

    assert {200} == set(codes)
    assert (429, "RATE_LIMITED", "0") == (reply.status, reply.code, reply.headers["x-ratelimit-remaining"])
    assert 1 <= int(reply.headers["retry-after"]) <= 60


def test_guesses_at_tokens_are_limited_by_address(stranger, reader):
    """A stranger that tries tokens must not keep Redis busy, nor lock out who has one."""
    found = [stranger.get("/api/shelves").status for _ in range(61)]

    assert [401] * 60 + [429] == found
    assert 200 == reader.get("/api/shelves").status


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=1", "query: unknown 'page'; known: Page, PageSize"),
        ("Page=0", "query: 'Page': input should be greater than or equal to 1"),
        ("PageSize=101", "query: 'PageSize': input should be less than or equal to 100"),
        ("Page=1_0", "query: 'Page': expected a whole number"),
        ("Page=1&Page=2", "query: 'Page' is given more than once"),
        ("Page=%ff", "the query is not UTF-8"),
        ("Page=%00", "query: NUL is no character here"),
        ("&".join(f"p{n}=1" for n in range(51)), "a query has at most 50 parameters"),
    ],
    ids=["unknown", "low", "high", "kind", "twice", "bytes", "nul", "many"],
)
def test_a_query_that_is_not_understood_is_refused_with_what_is_expected(reader, query, message):
    """A parameter that is ignored is a filter that was not applied, and nobody notices."""
    reply = reader.get(f"/api/shelves?{query}")

    assert (400, "VALIDATION_FAILED", message) == (reply.status, reply.code, reply.message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"title": "x", "Pages": 3}', "body: unknown 'Pages'; known: title, pages, why"),
        (b"{}", "body: 'title' is missing"),
        (b'{"title": "x", "pages": "3"}', "body: 'pages': input should be a valid integer"),
        (b'{"title": "x", "title": "y"}', "the body cannot be used: a key stands twice in one object"),
        (b"[]", "the body cannot be used: a JSON object is expected, this is an array"),
        (b"{", "the body cannot be used: not JSON"),
    ],
    ids=["unknown", "missing", "kind", "twice", "list", "syntax"],
)
def test_a_body_that_is_not_understood_is_refused_with_what_is_expected(operator, body, message):
    """A key with a typo would be a wish that was dropped."""
    reply = operator.post("/api/shelves/a", body)

    assert (400, "VALIDATION_FAILED") == (reply.status, reply.code)
    assert message in reply.message


def test_a_body_over_the_limit_is_refused(operator):
    """Memory is not what a caller may take."""
    reply = operator.post("/api/shelves/a", {"title": "x" * 1_000})

    assert (413, "BODY_TOO_LARGE") == (reply.status, reply.code)


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Encoding": "gzip"}], ids=["kind", "compressed"]
)
def test_a_body_of_another_kind_is_refused(operator, headers):
    """What is not JSON is not guessed at, and nothing is unpacked."""
    reply = operator.post("/api/shelves/a", {"title": "x"}, **headers)

    assert (415, "MEDIA_TYPE_UNSUPPORTED") == (reply.status, reply.code)


def test_a_body_that_does_not_come_is_not_waited_for(operator):
    """A connection that says nothing must not hold a place for ever."""
    with socket.create_connection(("127.0.0.1", operator.port), timeout=5) as connection:
        head = f"POST /api/shelves/a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {operator.token}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
        found = connection.recv(4_096)

    assert b"408 Request Timeout" in found


def test_a_slash_in_a_name_does_not_end_it(reader):
    """An id of somebody else's system may hold anything."""
    assert "a/b é" == reader.get("/api/shelves/a%2Fb%20%C3%A9").data["shelfId"]
    assert 400 == reader.get("/api/shelves/%ff").status


@pytest.mark.parametrize(
    ("fault", "status", "code", "message"),
    [
        ("api", 400, "CONFIGURATION_ERROR", "it cannot work like that"),
        ("misuse", 400, "VALIDATION_FAILED", "not like that"),
        ("not-found", 404, "NOT_FOUND", "not there"),
        ("failed", 409, "CONFLICT", "it has ended"),
        ("redis", 503, "STORE_UNAVAILABLE", "Redis does not answer, or takes no writes"),
        ("bug", 500, "INTERNAL", "a fault of ours; the log has it under the request id"),
    ],
)
def test_what_goes_wrong_is_told_without_our_insides(reader, fault, status, code, message):
    """A message is for who calls: it helps, and holds neither addresses nor values of ours."""
    reply = reader.post(f"/api/faults/{fault}")

    assert (status, code, message) == (reply.status, reply.code, reply.message)
    assert (status == 503) == ("retry-after" in reply.headers)


def test_a_change_stands_in_the_trail_with_who_what_and_why(operator, client):
    """Afterwards one asks: who was it, and what for?"""
    operator.post("/api/shelves/a%2Fb", {"title": "Emma", "why": "a gift"}, **{"X-Request-Id": "r-1"})
    operator.post("/api/shelves/c", {"title": "x"}, **{"X-Reason": "by header"})

    second, first = Trail(client).newest(offset=0, limit=10)
    told = (first.by, first.what, first.path, first.why, first.request, first.outcome, first.status)
    assert ("operate", "putBook", "/api/shelves/a/b", "a gift", "r-1", Outcome.DONE, 200) == told
    assert {"title": "Emma"} == first.facts
    assert "by header" == second.why


def test_a_reason_that_is_no_sentence_is_refused(operator):
    """What is cut off without a word is what one looks for afterwards."""
    reply = operator.post("/api/shelves/a", {"title": "x"}, **{"X-Reason": "y" * 501})

    assert (400, "header: 'X-Reason' has at most 500 characters") == (reply.status, reply.message)


@pytest.mark.parametrize(("fault", "outcome"), [("failed", Outcome.REFUSED), ("bug", Outcome.FAILED)])
def test_a_change_that_was_not_made_stands_in_the_trail_too(reader, client, fault, outcome):
    """Of a fault of ours nobody knows how far it came: the trail must not be silent about it."""
    reader.post(f"/api/faults/{fault}")

    (entry,) = Trail(client).newest(offset=0, limit=10)
    assert outcome is entry.outcome


def test_looking_leaves_no_entry_in_the_trail(reader, client):
    """A trail full of looks hides the changes."""
    reader.get("/api/shelves")

    assert 0 == Trail(client).count()


def test_a_get_that_changes_something_cannot_be_made_by_head(reader, client):
    """Whatever looks ahead at links would otherwise switch workflows off."""
    head = reader.call("HEAD", "/api/shelves/a/toggle")

    assert (405, "GET") == (head.status, head.headers["allow"])
    assert 200 == reader.get("/api/shelves/a/toggle").status
    assert ["toggle"] == [entry.what for entry in Trail(client).newest(offset=0, limit=10)]


def test_head_is_get_without_a_body(reader):
    """So says HTTP, and monitors rely on it."""
    reply = reader.call("HEAD", "/api/shelves/a")

    assert (200, b"") == (reply.status, reply.body)


def test_another_method_is_told_which_ones_there_are(reader):
    """The commonest mistake with an API one does not know."""
    reply = reader.call("DELETE", "/api/shelves/a")

    assert (405, "METHOD_NOT_ALLOWED", "GET, HEAD, POST") == (
        reply.status,
        reply.code,
        reply.headers["allow"],
    )
    assert "49" == reply.headers["x-ratelimit-remaining"]


def test_the_limit_is_one_for_all_processes(reader, settings):
    """Two consoles behind a balancer must not let twice as much through."""
    services = Services(
        client=store.client(settings.redis_url, timeout_s=5), raw=read_config(environ={}), settings=settings
    )
    with served(create_app(services, OPERATIONS)) as other:
        replies = [one.having(reader.token).get("/api/shelves") for one in (reader, other)]

    assert ["49", "48"] == [reply.headers["x-ratelimit-remaining"] for reply in replies]


def test_a_path_is_logged_as_it_was_sent(reader, capsys):
    """A request must not be able to move the cursor of an operator's terminal."""
    reader.get("/api/shelves/%1b%5B2J")

    assert "path=/api/shelves/%1b%5B2J" in capsys.readouterr().out
