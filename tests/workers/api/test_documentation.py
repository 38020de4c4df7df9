"""The documentation page of the API against the tables in the code, which it must not contradict."""

import tomllib
from pathlib import Path

from tests.support.code import ROOT
from workers.api.models import OrderPhase
from workers.api.paths import OPERATIONS, InstallerStatuses
from workers.api.refusals import ApiReason
from workers.api.routes import Operation
from workers.sections import ApiSettings

PAGE = (ROOT / "docs" / "installer-api.md").read_text("utf-8")


def row(operation: Operation) -> str:
    """Return the operation's line of the page."""
    return f"| `{operation.name}` | `{operation.route}` | {operation.standing} | {operation.note} |"


def test_the_page_shows_every_operation_as_the_table_has_it():
    """An operator configures by this page; a path that is no longer there costs a day."""
    shown = PAGE.partition("<!-- generated: operations")[2].partition("<!-- end -->")[0]

    assert [row(operation) for operation in OPERATIONS.values()] == [
        line for line in shown.splitlines() if line.startswith("| `")
    ]


def test_the_page_shows_every_status_number():
    """They are ours, and are changed by the name of the phase."""
    for phase in OrderPhase:
        (number,) = getattr(InstallerStatuses(), phase)
        assert f"| `{phase}` | {number} |" in PAGE


def test_the_page_names_every_reason_that_the_client_gives():
    """A dead letter shows the slug, and this page is where it is looked up."""
    reasons = set(ApiReason) - {ApiReason.BLOCKED}  # only addresses of shops are guarded, which users enter

    assert [] == [reason for reason in reasons if f"`{reason}`" not in PAGE]


def test_the_pages_example_is_a_configuration_that_works():
    """It is what people copy."""
    example = tomllib.loads(PAGE.partition("```toml\n")[2].partition("```")[0])

    settings = ApiSettings.model_validate(
        example["sources"]["installer"]["api"],
        context={"environ": {"INSTALLER_API_TOKEN": "x"}, "folder": Path()},
    )

    assert "PUT /api/v1/order/{orderId}/tags/{tagId}" == str(settings.paths.assign_tag)
    assert OrderPhase.CANCELLED is settings.statuses.table()[9]


def test_the_pages_action_can_be_loaded():
    """It is the other thing that people copy."""
    example = PAGE.partition("```python\n")[2].partition("```")[0]
    found: dict[str, object] = {}

    exec(compile(example, "docs/installer-api.md", "exec"), found)

    assert callable(found["order_montage"])
