"""Which client a source gets."""

import pytest

from receiver.settings import read_config
from tests.support.http_peer import serving
from workers.api.transport import open_session
from workers.clients import client_of
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

SOURCE = """
[sources.{name}]
system = "{name}"
scheme = {{ type = "unsigned" }}
api = {{ base_url = "{url}", token = "env:TOKEN" }}
"""


@pytest.mark.parametrize(
    ("system", "answer", "path", "found"),
    [
        ("installer", [{"id": "t", "name": "vip"}], "/api/v1/order-tags", "1 tag"),
        (
            "dispatch",
            {"data": {"guid": "b", "name": "Volt AS"}, "success": True},
            "/api/business/my-business",
            "business Volt AS",
        ),
    ],
)
async def test_a_source_gets_the_client_of_its_system(tmp_path, system, answer, path, found):
    """One file may hold sources of both APIs."""
    async with serving() as upstream, open_session(concurrency=1) as session:
        upstream.answers(200, answer)
        file = tmp_path / "orderhook.toml"
        file.write_text(
            "".join(SOURCE.format(name=name, url=upstream.url) for name in ("installer", "dispatch"))
        )
        settings = worker_settings(read_config(path=file, environ={"TOKEN": "hush"}))

        said = await client_of(settings, system, session).look()

        assert found == said
        assert [path] == [seen.path for seen in upstream.seen]
