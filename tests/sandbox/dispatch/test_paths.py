"""The table of operations against the page that describes it, and against the handlers."""

import re

from sandbox.config import SandboxConfig
from sandbox.dispatch.paths import OPERATIONS, PREFIX, ROOTS
from sandbox.operations import Operation
from sandbox.upstream import Upstream
from tests.support.code import ROOT

PAGE = (ROOT / "docs" / "dispatch-api.md").read_text("utf-8")


def row(operation: Operation) -> tuple[str, str]:
    """Return the first two cells of the operation's row; a GET that changes something is marked."""
    mark = " **!**" if operation.changing_get else ""
    return f"`{operation.name.removeprefix(PREFIX)}`{mark}", f"`{operation.method} {operation.path}`"


def test_the_page_shows_every_operation_as_the_table_has_it():
    """The client is built by this page; a call that is missing there is missing in the client."""
    shown = PAGE.partition("<!-- operations")[2].partition("<!-- end -->")[0]
    rows = re.findall(r"^\| (`\w+`(?: \*\*!\*\*)?) \| (`[^`]+`) \|", shown, re.MULTILINE)

    assert {row(operation) for operation in OPERATIONS.values()} == set(rows)
    assert len(OPERATIONS) == len(rows)


def test_every_operation_has_its_handler():
    """A path without one would be found by the first client that calls it."""
    upstream = Upstream(SandboxConfig(seed=1))

    assert OPERATIONS.keys() == upstream.dispatch.api.handlers.keys()


def test_every_path_is_known_as_one_of_this_api():
    """A mistake in a path below these is answered in this API's own words."""
    upstream = Upstream(SandboxConfig(seed=1))

    assert [] == [one.path for one in OPERATIONS.values() if not upstream.dispatch.owns(one.path)]
    assert all(any(one.path.startswith(root) for one in OPERATIONS.values()) for root in ROOTS)


def test_the_reads_that_change_something_are_the_five():
    """A client may repeat any other GET blindly; that of the five, the first three are documented to change."""
    changing = {one.name.removeprefix(PREFIX) for one in OPERATIONS.values() if one.changing_get}

    assert {
        "disable_provider",
        "toggle_workflow",
        "resume_workflow",
        "confirm_customer_upload",
        "generate_api_token",
    } == changing
