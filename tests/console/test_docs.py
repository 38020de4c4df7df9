"""The generated pages: what is committed is what the code says."""

import pytest

from console.docs import FOLDER, pages
from console.redis_reference import redis_page
from receiver import keys


@pytest.mark.parametrize(
    "name", ["cli.md", "redis.md", "rest-api.md", "configuration.md", "architecture.md", "workflows.md"]
)
def test_a_committed_page_is_what_the_code_says(name):
    """A page that drifts is worse than none: it is believed."""
    written = {path.name: text for path, text in pages()}

    assert written[name] == (FOLDER / name).read_text("utf-8"), "run `make docs`"


@pytest.mark.parametrize(
    "key",
    [keys.ready("{source}"), keys.counts(), keys.timeline("{source}"), keys.event("{source}", "{event id}")],
)
def test_every_key_has_its_section(key):
    """Who looks into Redis by hand finds each key under its name."""
    assert f"### `{key}`" in redis_page()


def test_every_script_has_its_row():
    """What a script does and why it is atomic is asked in every review."""
    scripts = {line.split("`")[1] for line in redis_page().splitlines() if line.startswith("| `")}

    folder = FOLDER.parent / "receiver" / "lua"
    assert {path.name for path in folder.glob("[!_]*.lua")} == scripts
