"""
The reference page: complete, and the same as the one that is committed.
"""

import pytest

from console.reference import PAGE, settings_page, tables

_ROWS = [(table.title, key) for table in tables().values() for key in table.rows]


def test_the_committed_page_is_the_generated_one():
    """A page that lags behind the settings is worse than none."""
    assert settings_page() == PAGE.read_text("utf-8"), (
        "docs/configuration.md is out of date; `make docs` (python -m console.reference) writes it anew"
    )


@pytest.mark.parametrize(("title", "key"), _ROWS, ids=[f"{title}.{key}" for title, key in _ROWS])
def test_every_setting_has_a_meaning(title, key):
    """A setting that nobody explains is one that nobody can set."""
    section = settings_page().partition(_headed(title))[2].partition("\n## ")[0]
    (row,) = [line for line in section.split("\n") if line.startswith(f"| `{key}` |")]

    *_, value, _default, meaning = [cell.strip() for cell in row.replace(r"\|", "").strip("|").split("|")]

    assert value
    assert meaning.endswith("."), f"give {title}.{key} a Field(description=…), with its unit"


def _headed(title):
    name, _, kind = title.partition(" with ")
    brackets = f"[[{name[:-2]}]]" if name.endswith("[]") else f"[{name}]"
    head = f"`{brackets}` with `{kind}`" if kind else f"`{brackets}`"
    return f"## {head}\n" if title else "## At the top\n"


@pytest.mark.parametrize(
    "title",
    [
        "",
        "receiver",
        "sources.NAME",
        'sources.NAME.scheme with type = "hmac"',
        'sources.NAME.scheme with type = "unsigned"',
        "sources.NAME.scheme.secrets[]",
        "sources.NAME.api",
        "sources.NAME.api.paths",
        "sources.NAME.api.statuses",
        "worker",
        "worker.retry",
        "workflows[]",
    ],
)
def test_every_table_is_there(title):
    """Receiver and workers each know a part of the file; the page knows all of it."""
    assert title in tables()
    assert _headed(title) in settings_page()


def test_no_row_breaks_its_table():
    """A pattern with a bar in it would shift the columns."""
    rows = [line.replace(r"\|", "") for line in settings_page().split("\n") if line.startswith("| ")]

    assert {6} == {line.count("|") for line in rows}
