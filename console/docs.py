"""
`python -m console.docs` (`make docs`) writes the generated pages; a test compares what is committed with them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from receiver import lifecycle
from workers.workflows.triggers import TRIGGERS

from . import action_reference
from .api import OPERATIONS
from .cli_reference import cli_page
from .redis_reference import redis_page
from .reference import settings_page
from .rest.page import operations_text

FOLDER = Path(__file__).parents[1] / "docs"

#: What stands between the two remarks of the page is drawn.
_DRAWN = re.compile(r"(diagram\(\): begin -->\n```mermaid\n).*?(\n```\n<!--)", re.DOTALL)
_OPERATIONS = re.compile(r"(<!-- console\.api: begin[^\n]*-->\n).*?(<!-- console\.api: end -->)", re.DOTALL)
_TRIGGERS = re.compile(
    r"(<!-- workers\.workflows\.triggers: begin[^\n]*-->\n).*?(<!-- workers\.workflows\.triggers: end -->)",
    re.DOTALL,
)


def pages() -> Iterator[tuple[Path, str]]:
    """
    Yield path and text of every page that is generated, or has a part that is.
    """
    yield FOLDER / "cli.md", cli_page()
    yield FOLDER / "redis.md", redis_page()
    yield FOLDER / "rest-api.md", _with_operations((FOLDER / "rest-api.md").read_text("utf-8"))
    yield FOLDER / "configuration.md", settings_page()
    yield FOLDER / "workflows.md", _with_triggers((FOLDER / "workflows.md").read_text("utf-8"))
    yield from action_reference.pages()
    yield FOLDER / "architecture.md", _with_life_cycle((FOLDER / "architecture.md").read_text("utf-8"))


def _with_life_cycle(page: str) -> str:
    drawing = lifecycle.diagram()
    return _DRAWN.sub(lambda match: f"{match[1]}{drawing}{match[2]}", page)


def _with_operations(page: str) -> str:
    text = operations_text(OPERATIONS)
    return _OPERATIONS.sub(lambda match: f"{match[1]}\n{text}{match[2]}", page)


def _with_triggers(page: str) -> str:
    rows = [
        f"| {one.entity_type} | `{one.code}` | {one.description} | {one.standing} |\n" for one in TRIGGERS
    ]
    table = "".join(["| about | code | when | whose word |\n", "|---|---|---|---|\n", *rows])
    return _TRIGGERS.sub(lambda match: f"{match[1]}{table}{match[2]}", page)


def main() -> None:
    """
    Write every page.
    """
    for path, text in pages():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
