"""Every operation of the Installer API, over real HTTP."""

import uuid

import aiohttp
import pytest

from sandbox.installer.paths import OPERATIONS

pytestmark = pytest.mark.anyio

NOBODY = str(uuid.UUID(int=0))


async def test_create_order_answers_the_second_hand_receipt(sandbox, receiver):
    """Clients take the order's id from `value`; two of the names are all that anyone has reported."""
    answer = await sandbox.post("/api/v1/order", _order())

    assert 201 == answer.status
    assert {"value", "displayId", "clientUrl"} == answer.json.keys()
    assert 4 == uuid.UUID(answer.json["value"]).version
    assert "P1-1" == answer.json["displayId"]


async def test_an_order_can_be_fetched_as_it_was_created(sandbox):
    """Workers decide on the fetched order: what was sent must come back, leading zero and all."""
    order_id = await sandbox.order(metadata={"erp": "A-17"})

    order = (await sandbox.get(f"/api/v1/order/{order_id}")).json

    assert order_id == order["id"]
    assert 0 == order["status"]
    assert "0358" == order["postalCode"]
    assert "Kari Nordmann" == order["contactPersonName"] == order["customerName"]
    assert {"erp": "A-17"} == order["metadata"]
    assert [] == order["tags"]
    assert order["createdAt"].endswith("Z")


async def test_list_orders_shows_all(sandbox):
    """A reconciliation job reads them all; paging is unknown, so there is none."""
    made = [await sandbox.order(), await sandbox.order()]

    assert made == [order["id"] for order in (await sandbox.get("/api/v1/orders")).json]


async def test_list_installers_shows_ids_and_names(sandbox):
    """An id from here is an organizationId of create-order."""
    firms = (await sandbox.get("/api/v1/partners/installers")).json

    assert 3 == len(firms)
    assert all(uuid.UUID(firm["id"]) and firm["name"] for firm in firms)


@pytest.mark.parametrize(
    "field", ["address", "city", "postalCode", "countryCode", "email", "phoneNumber", "contactPersonName"]
)
async def test_each_of_the_second_hand_seven_is_required(sandbox, field):
    """A client that forgets one must see a 422 here and not first in production."""
    answer = await sandbox.post("/api/v1/order", _order(**{field: None}))

    assert 422 == answer.status
    assert f"{field}: required" == answer.json["message"]


async def test_nothing_is_required_when_the_seven_are_switched_off(start):
    """The vendor's own text marks nothing as required."""
    sandbox = await start(require_seven=False)

    assert 201 == (await sandbox.post("/api/v1/order", {})).status


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("countryCode", "no", id="country in lower case"),
        pytest.param("countryCode", "XX", id="no such country"),
        pytest.param("phoneNumber", "12", id="no phone number"),
        pytest.param("phoneNumber", "99900111", id="phone number without a country"),
        pytest.param("email", "kari", id="no e-mail address"),
        pytest.param("latitude", 91, id="off the globe"),
        pytest.param("workflowId", "7", id="no uuid"),
        pytest.param("metadata", [1], id="metadata is a list"),
        pytest.param("fileIds", [NOBODY], id="unknown file"),
        pytest.param("orderTagIds", [NOBODY], id="unknown tag"),
        pytest.param("offer", {"payer": "nobody"}, id="unknown payer"),
        pytest.param("offer", {"lines": [{"vatRate": "25 %"}]}, id="amount that is no integer"),
    ],
)
async def test_a_wrong_field_is_named_in_the_422(sandbox, field, value):
    """Who sent it must find the field without guessing."""
    answer = await sandbox.post("/api/v1/order", _order(**{field: value}))

    assert 422 == answer.status
    assert 422 == answer.json["statusCode"]
    assert "Unprocessable Entity" == answer.json["error"]
    assert field in answer.json["message"]


async def test_amounts_may_be_strings_or_integers(sandbox):
    """The vendor's samples are quoted and its comments say Integer."""
    lines = [{"quantity": 1, "payerUnitAmount": "100000", "vatRate": 2500}]

    order_id = await sandbox.order(offer={"name": "Pumpe", "payer": "client", "lines": lines})

    line = (await sandbox.get(f"/api/v1/order/{order_id}")).json["offer"]["lines"][0]
    assert ("100000", "2500") == (line["payerUnitAmount"], line["vatRate"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="cut"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"\xff\xfe\xfd", id="no text"),
        pytest.param(b'{"metadata": {"a": NaN}}', id="NaN"),
        pytest.param(b'{"metadata": {"a": 1e999}}', id="infinite"),
        pytest.param(b'{"metadata": {"a": "\\ud800"}}', id="lone surrogate"),
        pytest.param(b'{"a":' * 100_000, id="too deep"),
    ],
)
async def test_a_body_that_is_no_json_object_is_a_400(sandbox, body):
    """400 is documented as: check the payload."""
    answer = await sandbox.post("/api/v1/order", data=body)

    assert 400 == answer.status
    assert {"error", "message", "statusCode"} == answer.json.keys()


async def test_a_body_over_the_limit_is_a_413(start):
    """The sandbox stays up whatever a broken client pours into it."""
    sandbox = await start(body_limit_bytes=1_000)

    assert 413 == (await sandbox.post("/api/v1/order", data=b"x" * 1_001)).status


async def test_a_repeated_body_key_answers_409_with_the_first_order(sandbox):
    """Second-hand: that is how a client that lost the answer finds its order again."""
    first = (await sandbox.post("/api/v1/order", _order(idempotencyKey="erp-17"))).json

    again = await sandbox.post("/api/v1/order", _order(idempotencyKey="erp-17"))

    assert 409 == again.status
    assert (first["value"], first["displayId"]) == (again.json["orderId"], again.json["displayId"])
    assert 1 == len(await sandbox.effects())


async def test_a_repeated_body_key_answers_400_when_so_set(start):
    """The vendor's own text says 400, without saying how to tell it from a bad payload."""
    sandbox = await start(duplicate_status=400)
    await sandbox.order(idempotencyKey="erp-17")

    again = await sandbox.post("/api/v1/order", _order(idempotencyKey="erp-17"))

    assert 400 == again.status
    assert {"error", "message", "statusCode"} == again.json.keys()


async def test_dispatch_moves_the_order_to_dispatching(sandbox):
    """The number 1 is ours; client and sandbox must mean the same by it."""
    order_id = await sandbox.order()

    answer = await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    assert (200, 1) == (answer.status, answer.json["status"])
    assert 1 == (await sandbox.get(f"/api/v1/order/{order_id}")).json["status"]


async def test_a_dispatch_repeated_without_a_key_counts_twice(sandbox):
    """The proof of "each effect once" rests on the sandbox hiding no duplicate."""
    order_id = await sandbox.order()
    for _ in range(2):
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    found = [effect for effect in await sandbox.effects() if effect["effect"] == "order.dispatch"]

    assert [{}, {"repeated": True}] == [effect["detail"] for effect in found]


async def test_a_repeated_dispatch_is_refused_when_so_set(start):
    """A stricter upstream is as likely; clients must live with both."""
    sandbox = await start(repeats="refuse")
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    assert 409 == (await sandbox.post(f"/api/v1/order/{order_id}/dispatch")).status


async def test_cancel_keeps_the_reason(sandbox):
    """Whether the real API takes a reason is unknown; ours does."""
    order_id = await sandbox.order()

    answer = await sandbox.post(f"/api/v1/order/{order_id}/cancel", {"reason": "no capacity"})

    assert (6, "no capacity") == (answer.json["status"], answer.json["cancelReason"])


async def test_cancel_needs_no_body(sandbox):
    """A client that gives no reason sends nothing at all."""
    order_id = await sandbox.order()

    assert 200 == (await sandbox.post(f"/api/v1/order/{order_id}/cancel")).status


@pytest.mark.parametrize("action", ["dispatch", "cancel"])
async def test_a_completed_order_can_be_neither_dispatched_nor_cancelled(sandbox, action):
    """A workflow that comes too late must see it."""
    order_id = await sandbox.order()
    await sandbox.advance(order_id, "completed")

    answer = await sandbox.post(f"/api/v1/order/{order_id}/{action}")

    assert (409, "the order is completed") == (answer.status, answer.json["message"])


async def test_tags_are_created_once_by_name(sandbox):
    """Two workers that create the same tag get the same id, and one effect is counted."""
    first = await sandbox.post("/api/v1/order-tags", {"names": ["imported", "urgent"]})
    again = await sandbox.post("/api/v1/order-tags", {"names": ["urgent"]})

    assert (201, 201) == (first.status, again.status)
    assert first.json[1] == again.json[0]
    assert first.json == (await sandbox.get("/api/v1/order-tags")).json
    assert ["tag.create"] * 2 == [effect["effect"] for effect in await sandbox.effects()]


async def test_a_tag_is_assigned_and_removed(sandbox):
    """The order shows its tags, which is how a natural action reads the state before it acts."""
    order_id, tag_id = await sandbox.order(), await sandbox.tag()

    assigned = await sandbox.post(f"/api/v1/order/{order_id}/tags", {"tagId": tag_id})
    removed = await sandbox.call("DELETE", f"/api/v1/order/{order_id}/tags/{tag_id}")

    assert [{"id": tag_id, "name": "imported"}] == assigned.json["tags"]
    assert (200, []) == (removed.status, removed.json["tags"])


async def test_a_tag_assigned_twice_is_on_the_order_once_and_in_the_effects_twice(sandbox):
    """State is idempotent here; the count is not, so that a needless call shows."""
    order_id, tag_id = await sandbox.order(), await sandbox.tag()
    for _ in range(2):
        await sandbox.post(f"/api/v1/order/{order_id}/tags", {"tagId": tag_id})

    order = (await sandbox.get(f"/api/v1/order/{order_id}")).json
    found = [effect["effect"] for effect in await sandbox.effects()]

    assert 1 == len(order["tags"])
    assert 2 == found.count("tag.assign")


async def test_an_order_can_be_created_with_tags_and_files(sandbox):
    """Ids from tags and uploads go into create-order."""
    tag_id, form = await sandbox.tag(), aiohttp.FormData()
    form.add_field("file", b"%PDF-1.7", filename="tegning.pdf", content_type="application/pdf")
    file_id = (await sandbox.post("/api/v1/files", data=form)).json["file_id"]

    order_id = await sandbox.order(orderTagIds=[tag_id], fileIds=[file_id])

    order = (await sandbox.get(f"/api/v1/order/{order_id}")).json
    assert ([tag_id], [file_id]) == ([tag["id"] for tag in order["tags"]], order["fileIds"])


async def test_an_upload_is_an_effect_with_its_size(sandbox):
    """An upload sent twice costs twice."""
    form = aiohttp.FormData()
    form.add_field("file", b"12345", filename="Grønn bolig.txt")

    answer = await sandbox.post("/api/v1/files", data=form)

    assert (201, {"file_id"}) == (answer.status, set(answer.json))
    assert [("file.upload", 5)] == [(e["effect"], e["detail"]["bytes"]) for e in await sandbox.effects()]


async def test_a_file_can_be_attached_to_an_order_that_is_there(sandbox):
    """The operation is ours; a repeat is seen, and the order has the file once."""
    form = aiohttp.FormData()
    form.add_field("file", b"12345", filename="kvittering.txt")
    file_id = (await sandbox.post("/api/v1/files", data=form)).json["file_id"]
    path = f"/api/v1/order/{await sandbox.order()}/files"

    answers = [await sandbox.post(path, {"fileId": file_id}) for _ in range(2)]

    assert [[file_id], [file_id]] == [answer.json["fileIds"] for answer in answers]
    assert 2 == [effect["effect"] for effect in await sandbox.effects()].count("file.attach")
    assert 422 == (await sandbox.post(path, {"fileId": NOBODY})).status


async def test_an_upload_over_the_limit_is_a_413(start):
    """The limit is ours; without one a test could fill the memory."""
    sandbox = await start(file_limit_bytes=1_000)
    form = aiohttp.FormData()
    form.add_field("file", b"x" * 1_000, filename="big")

    assert 413 == (await sandbox.post("/api/v1/files", data=form)).status


async def test_a_web_form_makes_orders(sandbox):
    """Ours: the form takes the fields of create-order."""
    form_id = (await sandbox.get("/_sandbox")).json["webformId"]

    shown = await sandbox.get(f"/api/v1/webforms/{form_id}")
    made = await sandbox.post(f"/api/v1/webforms/{form_id}/order", _order())

    assert (200, form_id) == (shown.status, shown.json["id"])
    assert 201 == made.status


PATHS = {
    "get_order": f"/api/v1/order/{NOBODY}",
    "dispatch_order": f"/api/v1/order/{NOBODY}/dispatch",
    "cancel_order": f"/api/v1/order/{NOBODY}/cancel",
    "assign_tag": f"/api/v1/order/{NOBODY}/tags",
    "remove_tag": f"/api/v1/order/{NOBODY}/tags/{NOBODY}",
    "get_webform": f"/api/v1/webforms/{NOBODY}",
    "create_webform_order": f"/api/v1/webforms/{NOBODY}/order",
}


@pytest.mark.parametrize("name", PATHS)
async def test_an_unknown_id_in_the_path_is_a_404(sandbox, name):
    """A deleted order ends a run; the client must be able to tell it."""
    answer = await sandbox.call(OPERATIONS[name].method, PATHS[name], {"tagId": NOBODY})

    assert (404, "Not Found") == (answer.status, answer.json["error"])


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_an_unknown_tag_is_a_422_and_never_a_404(sandbox, method):
    """404 means that the order is gone; a client must not take a missing tag for that."""
    path = f"/api/v1/order/{await sandbox.order()}/tags"

    answer = await sandbox.call(
        method, path + (f"/{NOBODY}" if method == "DELETE" else ""), {"tagId": NOBODY}
    )

    assert 422 == answer.status


def _order(**changes):
    order = {
        "address": "Nygårdsgaten 5",
        "city": "Bergen",
        "postalCode": "5015",
        "countryCode": "NO",
        "email": "ola@example.com",
        "phoneNumber": "+4799900111",
        "contactPersonName": "Ola Nordmann",
    } | changes
    return {name: value for name, value in order.items() if value is not None}
