"""
The OpenAPI 3.1 document, made from the declared operations and their models. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..scopes import Scope
from .operation import Operation
from .refusals import MEANINGS, STATUSES, ErrorCode
from .shapes import Given, NoBody

Node = dict[str, Any]

_REF = "#/components/schemas/{model}"
_ABOUT = """\
The operators' REST API of orderhook.

Every answer is an envelope: `{"data": …, "success": true}`, a list with `page`, `pageSize`, `totalCount` and \
`totalPages`, or `{"success": false, "error": {"code", "message"}}`.
Every answer has `X-Request-Id`, and that of an operation `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
"""
_TEXT = {"schema": {"type": "string"}}
_LIMITS = {
    "X-RateLimit-Limit": {
        "description": "Calls a minute that the token may make.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {"description": "Calls left in this window.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {
        "description": "When the window ends, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
    "X-Request-Id": {"description": "Names the call in the log and in the trail of changes.", **_TEXT},
}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_REASON = {
    "name": "X-Reason",
    "in": "header",
    "required": False,
    "description": "Why; stands in the trail of changes. A `why` in the body wins.",
    "schema": {"type": "string", "maxLength": 500},
}
#: What any operation may answer.
_EVERYWHERE = (
    ErrorCode.UNAUTHORIZED,
    ErrorCode.FORBIDDEN,
    ErrorCode.RATE_LIMITED,
    ErrorCode.INTERNAL,
    ErrorCode.STORE_UNAVAILABLE,
)
_OF_BODIES = (ErrorCode.REQUEST_TIMEOUT, ErrorCode.BODY_TOO_LARGE, ErrorCode.MEDIA_TYPE_UNSUPPORTED)


def document(operations: Sequence[Operation]) -> Node:
    """
    Return the document.
    """
    schemas, named = _schemas(operations)
    paths: Node = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "orderhook console", "version": version("orderhook"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": {"Error": _error_schema(), **_of_bodies(operations, schemas, named)},
            "headers": {**_LIMITS, **_RETRY},
            "responses": {code.value: _refusal(code) for code in ErrorCode},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `orderhook tokens create`. Its scope is "
                    f"{', '.join(Scope)}; each includes those before it.",
                }
            },
        },
    }


def error_codes(operation: Operation) -> tuple[ErrorCode, ...]:
    """
    Return every code that the operation may answer with, in the order of their statuses.
    """
    found = {*_EVERYWHERE, *operation.errors, ErrorCode.VALIDATION_FAILED}
    found |= set(_OF_BODIES) if operation.body is not NoBody else set()
    return tuple(sorted(found, key=lambda code: (STATUSES[code], code)))


def _schemas(operations: Iterable[Operation]) -> tuple[Node, Mapping[Any, Node]]:
    """
    Return the schemas by name, and where each model's is.
    """
    found, definitions = models_json_schema(sorted(set(_models(operations)), key=_by_name), ref_template=_REF)
    return dict(definitions.get("$defs", {})), found


def _of_bodies(operations: Iterable[Operation], schemas: Node, named: Mapping[Any, Node]) -> Node:
    """
    Return the schemas but those of paths and queries: they stand among the parameters, one by one.
    """
    spread = {model for operation in operations for model in (operation.path_model, operation.query, NoBody)}
    names = {_name(named[(model, "validation")]) for model in spread if (model, "validation") in named}
    return {name: schema for name, schema in schemas.items() if name not in names}


def _name(reference: Node) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _models(operations: Iterable[Operation]) -> Iterator[tuple[Any, JsonSchemaMode]]:
    for operation in operations:
        yield from (
            (model, "validation") for model in (operation.path_model, operation.query, operation.body)
        )
        if operation.answer is not None:
            yield operation.answer, "serialization"


def _by_name(item: tuple[Any, JsonSchemaMode]) -> tuple[str, str]:
    return item[0].__name__, item[1]


def _operation(operation: Operation, schemas: Node, named: Mapping[Any, Node]) -> Node:
    parameters = [
        *_parameters(operation.path_model, "path", schemas, named),
        *_parameters(operation.query, "query", schemas, named),
        *([_REASON] if operation.changing else []),
    ]
    return {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": described(operation),
        "security": [{"token": [operation.scope.value]}],
        "parameters": parameters,
        **_request_body(operation, schemas, named),
        "responses": {str(operation.status): _success(operation, named), **_refusals(operation)},
    }


def described(operation: Operation) -> str:
    """
    Return what there is to say of an operation beyond its summary.
    """
    scope = f"Needs a token of scope `{operation.scope}`."
    return f"{operation.about.strip()}\n\n{scope}" if operation.about else scope


def model_schema(model: type[Given], schemas: Node, named: Mapping[Any, Node]) -> Node:
    """
    Return the schema of a model itself, and not the reference to it.
    """
    found: Node = schemas[_name(named[(model, "validation")])]
    return found


def _parameters(model: type[Given], where: str, schemas: Node, named: Mapping[Any, Node]) -> Iterator[Node]:
    found = model_schema(model, schemas, named)
    for name, schema in found.get("properties", {}).items():
        plain = {key: value for key, value in schema.items() if key not in ("description", "title")}
        yield {
            "name": name,
            "in": where,
            "required": name in found.get("required", ()),
            "description": schema.get("description", ""),
            "schema": plain,
        }


def _request_body(operation: Operation, schemas: Node, named: Mapping[Any, Node]) -> Node:
    if operation.body is NoBody:
        return {}
    required = bool(model_schema(operation.body, schemas, named).get("required"))
    schema = named[(operation.body, "validation")]
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _success(operation: Operation, named: Mapping[Any, Node]) -> Node:
    return {
        "description": operation.summary,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS},
        "content": {"application/json": {"schema": _envelope(operation, named)}},
    }


def _envelope(operation: Operation, named: Mapping[Any, Node]) -> Node:
    properties: Node = {"success": {"const": True}}
    if operation.answer is not None:
        item = named[(operation.answer, "serialization")]
        is_list = operation.many or operation.bare_list
        properties = {"data": {"type": "array", "items": item} if is_list else item, **properties}
    optional: Node = {}
    if operation.many:
        number = {"type": "integer", "minimum": 0}
        unknown = {"type": ["integer", "null"], "minimum": 0}
        properties |= {"page": number, "pageSize": number, "totalCount": unknown, "totalPages": unknown}
        properties |= {"partial": {"type": "boolean"}}
        optional = {"next": {"type": "string"}, "explanation": {"type": "string"}}
    return {"type": "object", "properties": {**properties, **optional}, "required": list(properties)}


def _refusals(operation: Operation) -> Node:
    by_status: dict[HTTPStatus, list[ErrorCode]] = {}
    for code in error_codes(operation):
        by_status.setdefault(STATUSES[code], []).append(code)
    return {str(status.value): _refused(codes) for status, codes in by_status.items()}


def _refused(codes: Sequence[ErrorCode]) -> Node:
    if len(codes) == 1:
        return {"$ref": f"#/components/responses/{codes[0]}"}
    meanings = " ".join(f"`{code}`: {MEANINGS[code]}" for code in codes)
    return {**_refusal(codes[0]), "description": meanings}


def _refusal(code: ErrorCode) -> Node:
    again = _RETRY if code in (ErrorCode.RATE_LIMITED, ErrorCode.STORE_UNAVAILABLE) else {}
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in again}
    return {
        "description": MEANINGS[code],
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _error_schema() -> Node:
    text = {"type": "string"}
    error = {
        "type": "object",
        "properties": {"code": {"enum": [code.value for code in ErrorCode]}, "message": text},
        "required": ["code", "message"],
    }
    properties = {"success": {"const": False}, "error": error}
    return {"type": "object", "properties": properties, "required": ["success", "error"]}
