"""
From a request's texts to the models of an operation: strict, and each refusal names what was expected. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from receiver import strict_json

from .refusals import ApiError, ErrorCode
from .shapes import BodyModel, Given, PathModel, QueryModel

M = TypeVar("M", bound=Given)
P = TypeVar("P", bound=PathModel)
Q = TypeVar("Q", bound=QueryModel)
B = TypeVar("B", bound=BodyModel)

#: Problems that are named at once.
_MAX_PROBLEMS = 5
#: Parameters in a query at most.
_MAX_PARAMETERS = 50


def read_path(model: type[P], parameters: Mapping[str, str]) -> P:
    """
    Return the path's parameters; they come as they stood in the URL, percent signs and all.

    Raises:
        ApiError: One is no text in UTF-8, or not what is expected.

    """
    try:
        texts = {name: unquote(text, errors="strict") for name, text in parameters.items()}
    except UnicodeDecodeError:
        raise _refused("the path is not UTF-8") from None
    return _read_texts(model, texts, where="path")


def read_query(model: type[Q], query: str) -> Q:
    """
    Return the query's parameters.

    Raises:
        ApiError: One is unknown, given twice, or not what is expected.

    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except UnicodeDecodeError:
        raise _refused("the query is not UTF-8") from None
    except ValueError:
        raise _refused(f"a query has at most {_MAX_PARAMETERS} parameters") from None
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(f"query: {shown(twice[0])} is given more than once")
    return _read_texts(model, dict(pairs), where="query")


def read_body(model: type[B], body: bytes) -> B:
    """
    Return the body; an empty one counts as an empty object.

    Raises:
        ApiError: It is no JSON object, or not what is expected.

    """
    try:
        strict_json.parse(body or b"{}")
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise _refused(_words(model, error, where="body")) from None
    except strict_json.Unusable as error:
        raise _refused(f"the body cannot be used: {error}") from None


def _read_texts(model: type[M], texts: Mapping[str, str], *, where: str) -> M:
    if any("\0" in text for text in texts.values()):
        raise _refused(f"{where}: NUL is no character here")
    try:
        return model.model_validate_strings(texts)
    except ValidationError as error:
        raise _refused(_words(model, error, where=where)) from None


def _words(model: type[Given], error: ValidationError, *, where: str) -> str:
    problems = error.errors(include_url=False, include_input=False)
    found = list(dict.fromkeys(_problems(model, problems)))
    more = f"; and {len(found) - _MAX_PROBLEMS} more" if len(found) > _MAX_PROBLEMS else ""
    return f"{where}: {'; '.join(found[:_MAX_PROBLEMS])}{more}"


def _problems(model: type[Given], problems: Iterable[ErrorDetails]) -> Iterator[str]:
    for one in problems:
        name = shown(".".join(map(str, one["loc"])))
        if one["type"] == "extra_forbidden":
            yield f"unknown {name}; known: {_known(model, one['loc'][:-1])}"
        elif one["type"] == "missing":
            yield f"{name} is missing"
        else:
            text = one["msg"].removeprefix("Value error, ")
            yield f"{name}: {text[:1].lower()}{text[1:]}" if one["loc"] else text


def _known(model: type[Given], inside: tuple[int | str, ...]) -> str:
    """
    Return the names that could stand there; those of an inner object where the model says what it is.
    """
    found: Any = model
    for part in inside:
        names = {field.alias: field.annotation for field in found.model_fields.values()}
        found = next((kind for kind in _kinds(names.get(part)) if hasattr(kind, "model_fields")), None)
        if found is None:
            return "see the documentation"
    return ", ".join(str(field.alias) for field in found.model_fields.values()) or "none"


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    yield from getattr(annotation, "__args__", ())


def shown(text: str) -> str:
    """
    Return a caller's own word as it may stand in a message.
    """
    return repr(text if len(text) <= 80 else f"{text[:80]}…")  # noqa: PLR2004


def _refused(message: str) -> ApiError:
    return ApiError(ErrorCode.VALIDATION_FAILED, message)
