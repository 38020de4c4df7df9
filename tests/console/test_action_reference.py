"""The pages of the actions: each built-in one has its own, and what is copied from it works."""

import base64
import re
from pathlib import Path

import pytest

from console.action_reference import FOLDER, parameters, written
from receiver.config import read_config
from workers.actions import Registry
from workers.settings import worker_settings

REGISTRY = Registry.load()
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()
ENVIRON = {
    "ERP_WEBHOOK_SECRET": SECRET,
    "INSTALLER_WEBHOOK_TOKEN": "token",
    "INSTALLER_API_TOKEN": "token",
    "SMTP_PASSWORD": "secret",
    "VAPID_PRIVATE_KEY": base64.urlsafe_b64encode(b"k" * 32).rstrip(b"=").decode(),
}
PAGES = sorted(FOLDER.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for kind, text in found if kind == language]


def test_every_action_has_a_page_and_every_page_an_action():
    """What is not described is not used, and what is described is there."""
    assert sorted(REGISTRY) == sorted(path.stem for path in PAGES if path.stem != "README")


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_the_index_leads_to_it(name):
    """With its effect class, which is what one looks for at night."""
    effect = REGISTRY[name].effect
    assert re.search(
        rf"^\| \[`{name}`\]\({name}\.md\) \| .* \| {effect} \|$",
        (FOLDER / "README.md").read_text(),
        re.MULTILINE,
    )


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_its_parameters_are_those_of_the_action(name):
    """A page that lags behind is worse than none; `make docs` writes it anew."""
    page = (FOLDER / f"{name}.md").read_text()

    assert written(page, REGISTRY, name) == page
    assert all(f"| `{one.name}` |" in page for one in parameters(REGISTRY.schema(name)))
    assert "\n## What happens after a crash\n" in page
    assert "\n## Failures\n" in page or name == "pause"


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_parameter_is_explained(name):
    """The schema is all that a form in a browser has."""
    nothing = [one.name for one in parameters(REGISTRY.schema(name)) if not one.meaning]

    assert [] == nothing
    assert REGISTRY[name].summary


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_example_can_be_used(page, tmp_path):
    """The first thing that is copied from a page must work as it stands."""
    for text in blocks(page, "python"):
        (tmp_path / "erp_notes.py").write_text(text)
    for number, text in enumerate(blocks(page, "toml")):
        (tmp_path / "templates").mkdir(exist_ok=True)
        for template in re.findall(r'template = "([\w-]+)"', text):
            (tmp_path / "templates" / f"{template}.txt").write_text(blocks(page, "")[0])
        path = tmp_path / f"{number}.toml"
        path.write_text(text)

        (workflow,) = worker_settings(read_config(environ=ENVIRON, path=path)).workflows
        assert page.stem in ("README", *(step.type for step in workflow.actions))
