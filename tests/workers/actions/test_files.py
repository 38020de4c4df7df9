"""The action `attach_file`, from an address or a template to a file at the sandbox; every call of it is an invention."""

import pytest

from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from tests.support.http_peer import serving

pytestmark = pytest.mark.anyio

OWN = {"allow_private": True}


@pytest.fixture(name="store")
async def _store():
    """Where files are fetched from."""
    async with serving() as store:
        yield store


def step(**changes) -> dict:
    own = {"type": "attach_file", "file": {"url": "{{ data.file }}"}, "name": "invoice {{ data.id }}.pdf"}
    return own | changes


async def told(client, apis, **data) -> str:
    """Record an event about an order that is there; return the order's id."""
    order = await apis.order()
    accepted(client, an_event(source="installer", subject=order, data=data))
    return order


async def test_a_file_is_fetched_and_attached(client, run, apis, store):
    """By a redirect, as shops hand out their files."""
    store.answers(302, None, Location="/real.pdf")
    store.answers(200, b"%PDF-1.7", Content_Type="application/pdf; x=y")
    order = await told(client, apis, file=f"{store.url}/file?token=hush")

    await run(step(), downloads=OWN)

    found = record(client, source="installer")
    assert (Status.SUCCEEDED, "") == (found.status, found.error)
    uploaded, attached = await apis.effects("file.upload", "file.attach")
    assert 8 == uploaded["detail"]["bytes"]
    assert [attached["detail"]["fileId"]] == (await apis.ask("GET", f"/api/v1/order/{order}"))["fileIds"]
    assert uploaded["idempotencyKey"] == f"{attached['idempotencyKey']}-file"
    assert f"invoice {order}.pdf" in found.ledger["0.0"].detail
    assert "hush" not in found.ledger["0.0"].detail


async def test_a_file_is_made_of_a_template(client, run, apis, tmp_path):
    """Filled with the order as the API has it, and escaped as HTML is."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "receipt.html").write_text("<p>{{ order.name }}, {{ data.note }}</p>")
    await told(client, apis, note="<script>")

    await run(step(file={"template": "receipt.html"}), templates="templates")

    assert Status.SUCCEEDED is record(client, source="installer").status
    uploaded, _ = await apis.effects("file.upload", "file.attach")
    assert len("<p>Heat pump, &lt;script&gt;</p>") == uploaded["detail"]["bytes"]


async def test_nothing_inside_is_fetched(client, run, apis, store):
    """O1 of the catalogue: the address is a stranger's."""
    await told(client, apis, file=f"{store.url}/x")

    await run(step())

    found = record(client, source="installer")
    assert (Status.DEAD, "blocked_destination") == (found.status, found.reason)
    assert 0 == store.connections


async def test_a_redirect_inside_is_not_followed(client, run, apis, store):
    """O5: the first address is public, the second is the metadata of a cloud."""
    store.answers(302, None, Location="http://169.254.169.254/latest/meta-data/")
    await told(client, apis, file=f"{store.url}/x")

    await run(step(), downloads=OWN)

    found = record(client, source="installer")
    assert (Status.DEAD, "blocked_destination") == (found.status, found.reason)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((404, b"", {}, "file_gone"), id="gone"),
        pytest.param((403, b"", {}, "file_refused"), id="refused"),
        pytest.param((200, b"x" * 11, {"max_bytes": 10}, "file_too_large"), id="too large"),
        pytest.param((302, b"", {}, "file_refused"), id="in a circle"),
        pytest.param((200, b"x", {"name": ".."}, "file_name_invalid"), id="no name"),
        pytest.param((200, b"x", {"name": "a\nb"}, "file_name_invalid"), id="line break"),
    ],
)
async def test_what_cannot_be_attached_is_a_dead_letter(client, run, apis, store, case):
    """With a word about whose fault it is, and nothing uploaded."""
    status, body, changes, reason = case
    store.answers(status, body, Location="/again")
    await told(client, apis, file=f"{store.url}/x")

    await run(step(**changes), downloads=OWN)

    found = record(client, source="installer")
    assert (Status.DEAD, reason) == (found.status, found.reason)
    assert [] == await apis.effects("file.upload", "file.attach")


async def test_a_store_that_is_in_trouble_is_asked_again(client, run, apis, store):
    """Its file is there a moment later."""
    store.answers(503)
    store.answers(200, b"x")
    await told(client, apis, file=f"{store.url}/x")

    for _ in range(2):
        await run(step(), downloads=OWN)

    assert Status.SUCCEEDED is record(client, source="installer").status
    assert 1 == len(await apis.effects("file.attach"))


async def test_only_hosts_that_are_named_are_asked(client, run, apis, store):
    """Where files come from one store only, nothing else need be reached."""
    await told(client, apis, file=f"{store.url}/x")

    await run(step(), downloads=OWN | {"hosts": ["files.example.com"]})

    assert "blocked_destination" == record(client, source="installer").reason
    assert 0 == store.connections


async def test_an_api_without_files_is_said_to_have_none(client, run, apis, store):
    """The Dispatch API has no such calls."""
    store.answers(200, b"x")
    accepted(client, an_event(source="dispatch", data={"file": f"{store.url}/x"}))

    await run(step(), downloads=OWN)

    assert "operation_missing" == record(client, source="dispatch").reason
