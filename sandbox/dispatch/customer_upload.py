"""
Customers from a file: a CSV is uploaded and checked, and a second call takes in the good rows.

Only the two paths are documented. That the second one, a GET, is what changes something is inferred from its name.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from pydantic import ValidationError

from ..errors import Refusal, invalid
from ..multipart import read_upload
from ..operations import Answer, Call, Handler
from .bodies import Address
from .customers import Customers, NewCustomer
from .envelope import data
from .world import Entity, World, found

_OWN = ("name", "email", "phone", "company")
_ADDRESS = ("street", "city", "state", "postalCode", "country")
#: The first line of a file.
HEADER = (*_OWN, *_ADDRESS)
_MAX_ROWS = 10_000


class CustomerUpload:
    """
    One method for each call.
    """

    def __init__(self, world: World, customers: Customers) -> None:
        self._world = world
        self._customers = customers

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {"upload_customers": self._upload, "confirm_customer_upload": self._confirm}

    def _upload(self, call: Call) -> Answer:
        rows = list(_rows(read_upload(call.content_type, call.body, field="file").content))
        good = [row for row in rows if isinstance(row, NewCustomer)]
        errors = [
            {"row": number, "message": row} for number, row in enumerate(rows, 2) if isinstance(row, str)
        ]
        upload = self._world.add(self._world.uploads, customers=good)
        self._world.did(call, uploadId=upload["guid"], valid=len(good))
        return data({"uploadId": upload["guid"], "rows": len(rows), "valid": len(good), "errors": errors})

    def _confirm(self, call: Call) -> Answer:
        upload: Entity = found(self._world.uploads, call.query.get("uploadId", ""), "Upload")
        del self._world.uploads[upload["guid"]]
        for customer in upload["customers"]:
            self._customers.add(customer)
        self._world.did(call, uploadId=upload["guid"], created=len(upload["customers"]))
        return data({"created": len(upload["customers"])})


def _rows(content: bytes) -> Iterator[NewCustomer | str]:
    """
    Yield a customer for each row, or what is wrong with it.

    Raises:
        Refusal: 400, the file is no such CSV.

    """
    try:
        lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"file: no CSV in UTF-8: {problem}") from None
    if len(lines) > _MAX_ROWS:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"file: over {_MAX_ROWS} rows")
    for line in lines:
        yield _customer(line)


def _customer(line: Mapping[str, str | None]) -> NewCustomer | str:
    if set(line) != set(HEADER):
        return f"expected the columns {','.join(HEADER)}"
    own = {name: line[name] for name in _OWN if line[name]}
    try:
        return NewCustomer.model_validate(
            own | {"address": Address.model_validate({name: line[name] for name in _ADDRESS})}
        )
    except ValidationError as problem:
        return invalid(problem).message
