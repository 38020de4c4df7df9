"""The documentation page of the API against the table in the code, which it must not contradict."""

from tests.support.code import ROOT
from workers.api.dispatch.operations import OPERATIONS

PAGE = (ROOT / "docs" / "dispatch-api.md").read_text("utf-8")


def test_the_page_shows_every_operation_as_the_table_has_it():
    """What is invented must be told from what is documented, in the code as on the page."""
    shown = PAGE.partition("<!-- operations")[2].partition("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| `")]

    assert [(row[0], row[1], row[-1]) for row in rows] == [
        (f"`{one.name}`{_mark(one)}", f"`{one.route}`", one.note) for one in OPERATIONS.values()
    ]


def _mark(operation):
    return " **!**" if operation.writes and operation.route.method == "GET" else ""
