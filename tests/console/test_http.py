"""One HTTP call at a time."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from console.errors import Failed, Misuse
from console.http import call


class _Echo(BaseHTTPRequestHandler):
    """Answers 200 with the path, 302 for /moved, and nothing for /silent."""

    def do_GET(self) -> None:
        if self.path == "/silent":
            self.close_connection = True
            return
        self.send_response(302 if self.path == "/moved" else 200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    """A server in a thread."""
    with HTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_query_goes_along(url):
    """A path without its query is another resource."""
    assert b"/a?b=c" == call("GET", f"{url}/a?b=c").body


def test_an_answer_that_is_no_json_is_none(url):
    """A proxy's error page must not break the command that shows it."""
    assert call("GET", f"{url}/a").json() is None


def test_a_redirect_is_not_followed(url):
    """A signed event must not go where an answer points to."""
    reply = call("GET", f"{url}/moved")

    assert (302, False) == (reply.status, reply.ok)


def test_a_connection_that_is_closed_without_an_answer_has_failed(url):
    """Neither success nor a traceback."""
    with pytest.raises(Failed, match="does not answer"):
        call("GET", f"{url}/silent")


@pytest.mark.parametrize("url", ["", "example.com", "ftp://example.com", "http://"])
def test_what_is_no_http_url_is_refused(url):
    """A slip of the one who types, and said as such."""
    with pytest.raises(Misuse, match="expected http"):
        call("GET", url)


def test_a_password_in_the_url_is_not_shown():
    """Messages end up in tickets."""
    with pytest.raises(Failed) as caught:
        call("GET", "http://user:hunter2@127.0.0.1:1/")

    assert "hunter2" not in str(caught.value)
