"""
Reading the body of a call into a model: what every emulated API does alike.
"""

from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from .errors import Refusal, invalid
from .operations import Call, read_json

RequestT = TypeVar("RequestT", bound=BaseModel)


def read(model: type[RequestT], call: Call) -> RequestT:
    """
    Read the body of a call.

    Raises:
        Refusal: 400 where it is no JSON object, 422 where fields are wrong.

    """
    body = read_json(call.body)
    if not isinstance(body, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        raise invalid(problem) from None
