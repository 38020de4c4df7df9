"""The page on the first workflow: what its reader copies is taken."""

import json
import re
import tomllib
from pathlib import Path

from workers.actions import Registry
from workers.workflows import load_workflows

PAGE = (Path(__file__).parents[3] / "docs" / "first-workflow.md").read_text()


def test_its_file_can_be_loaded():
    """The version is in the page too, as `workflows check` shows it."""
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    (workflow,) = load_workflows(tomllib.loads(text)["workflows"], known=Registry.load())

    assert f"{workflow.name} ({workflow.version})" in PAGE


def test_its_two_calls_make_a_workflow_and_then_change_it(admin):
    """First in shadow mode, then for real, under the guid that the first answer told."""
    first, second = map(json.loads, re.findall(r"configure -d '(\{.*?\})'$", PAGE, re.MULTILINE | re.DOTALL))

    made = admin.post("/api/workflows/configure", first)
    changed = admin.post("/api/workflows/configure", second | {"guid": made.data["guid"]})

    assert (200, 200) == (made.status, changed.status)
    assert made.data == changed.data
    assert (
        made.data.keys()
        == json.loads(re.search(r"^(\{\"data\":\{\"guid\".*\})$", PAGE, re.MULTILINE)[1])["data"].keys()
    )
    versions = {one["facts"]["version"] for one in admin.get("/api/v1/audit/changes").data}
    assert all(version in PAGE for version in versions)
