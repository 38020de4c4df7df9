"""Customers from a file, over real HTTP."""

import aiohttp
import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/v1/Customers"
HEADER = "name,email,phone,company,street,city,state,postalCode,country\n"
FILE = (
    f"{HEADER}Åse Lunde,ase@example.com,,,Storgata 1,Oslo,,0155,NO\n"
    ',nobody@example.com,,,,,,,\n"Lunde, Ola",,,,,,,,\nx,y\n'
)


def form(content: bytes) -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", content, filename="customers.csv", content_type="text/csv")
    return data


async def upload(dispatch, content: bytes):
    return await dispatch.call("POST", f"{PATH}/upload", data=form(content))


async def test_an_upload_is_checked_and_taken_in_when_it_is_confirmed(dispatch):
    """Two calls, so that a person can look at the errors in between."""
    before = len(await dispatch.get(PATH))

    checked = (await upload(dispatch, FILE.encode())).json["data"]
    between = len(await dispatch.get(PATH))
    confirmed = await dispatch.get(f"{PATH}/confirm-upload", uploadId=checked["uploadId"])

    assert (4, 2, [3, 5]) == (
        checked["rows"],
        checked["valid"],
        [error["row"] for error in checked["errors"]],
    )
    assert before == between
    assert {"created": 2} == confirmed
    assert ["Lunde, Ola", "Åse Lunde"] == sorted(one["name"] for one in (await dispatch.get(PATH))[before:])
    found = (await dispatch.get(PATH, **{"$filter": "email eq 'ase@example.com'"}))[0]
    assert "0155" == found["address"]["postalCode"]


async def test_a_confirmation_is_good_once(dispatch):
    """A GET that changes something: repeated blindly, it would double every customer."""
    guid = (await upload(dispatch, FILE.encode())).json["data"]["uploadId"]
    await dispatch.get(f"{PATH}/confirm-upload", uploadId=guid)

    for params in ({"uploadId": guid}, {"uploadId": NOBODY}, {}):
        assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"{PATH}/confirm-upload", params=params)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", f'{HEADER}"open'.encode(), HEADER.encode() + b"x,,,,,,,,\n" * 10_001],
    ids=["no UTF-8", "an open quote", "too many rows"],
)
async def test_a_file_that_cannot_be_read_is_refused(dispatch, content):
    """In words, and nothing is kept."""
    answer = await upload(dispatch, content)

    assert (400, "VALIDATION_ERROR") == (answer.status, answer.json["error"]["code"])
    assert [] == await dispatch.effects()


async def test_rows_under_another_header_are_all_wrong(dispatch):
    """Nothing is guessed."""
    checked = (await upload(dispatch, b"navn;epost\nKari;k@example.com\n")).json["data"]

    assert (1, 0) == (checked["rows"], checked["valid"])
    assert "expected the columns name,email" in checked["errors"][0]["message"]


async def test_an_upload_that_is_no_form_is_refused(dispatch):
    """The reader of forms is the Installer side's."""
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal("POST", f"{PATH}/upload", {"file": "x"})
