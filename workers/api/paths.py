"""
Where the Installer API's operations are, and which status number means which phase.

The vendor names these operations, get order in passing only, and shows the request line of two.
Every other path is ours, so each one can be changed in the configuration, with a method in front where that
differs too: `sources.X.api.paths.get_order = "/api/v1/..."`.
Of the status numbers only 0 can be inferred; `sources.X.api.statuses.scheduled = 7` changes one.
Refuses to know HTTP beyond a method and a path.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from .models import OrderPhase
from .routes import PLACEHOLDER, Operation, Route, Standing

_LINE = re.compile(r"(?:(GET|POST|PUT|PATCH|DELETE) +)?(/[!-~]*)", re.ASCII)


def _read(name: str, path: str, *, standing: Standing = Standing.OURS, note: str = "") -> Operation:
    needs = frozenset(PLACEHOLDER.findall(path))
    about = "order" if "orderId" in needs else ""
    route = Route(method="GET", path=path)
    return Operation(name=name, route=route, standing=standing, needs=needs, about=about, note=note)


def _write(name: str, method: str, path: str, **more: Any) -> Operation:
    return replace(_read(name, path), route=Route(method=method, path=path), writes=True, **more)


_TABLE = (
    _write(
        "create_order",
        "POST",
        "/api/v1/order",
        standing=Standing.DOCUMENTED,
        note="the body is documented; the required fields, the 201 body and the 409 are second-hand",
    ),
    _read(
        "list_installers",
        "/api/v1/partners/installers",
        standing=Standing.DOCUMENTED,
        note="the answer's shape is ours",
    ),
    _read("list_orders", "/api/v1/orders"),
    _read("get_order", "/api/v1/order/{orderId}", note="an introduction mentions it, no list of calls does"),
    _write("dispatch_order", "POST", "/api/v1/order/{orderId}/dispatch"),
    _write("cancel_order", "POST", "/api/v1/order/{orderId}/cancel", note="the `reason` is ours too"),
    _write(
        "upload_file", "POST", "/api/v1/files", note="of the answer, only the name `file_id` is documented"
    ),
    _write(
        "attach_file",
        "POST",
        "/api/v1/order/{orderId}/files",
        allows=frozenset({"fileId"}),
        note="the vendor names no such operation: files are known only as `fileIds` of a new order",
    ),
    _read("list_tags", "/api/v1/order-tags"),
    _write("create_tags", "POST", "/api/v1/order-tags"),
    _write("assign_tag", "POST", "/api/v1/order/{orderId}/tags", allows=frozenset({"tagId"})),
    _write("remove_tag", "DELETE", "/api/v1/order/{orderId}/tags/{tagId}"),
    _read("get_webform", "/api/v1/webforms/{webformId}"),
    _write("create_webform_order", "POST", "/api/v1/webforms/{webformId}/order"),
)

#: Every operation by its name, in the order of the documentation page.
OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _TABLE})


def parse_route(text: str, operation: Operation) -> Route:
    """
    Read a configured request line: a path, with a method in front or with the operation's own.

    Raises:
        ValueError: It is no path, or its placeholders are not those that the operation can fill.
    """
    found = _LINE.fullmatch(text)
    if found is None or not _stays_put(found[2]):
        example = operation.route.path
        raise ValueError(
            f"expected a path such as {example}, with or without a method in front, found {text!r}"
        )
    method, path = found.groups()
    _check_placeholders(path, operation)
    return Route(method=method or operation.route.method, path=path)


def _stays_put(path: str) -> bool:
    # A second leading slash would make the next segment a host; a fragment is never sent.
    return not path.startswith("//") and "#" not in path and not {".", ".."} & set(path.split("/"))


def _check_placeholders(path: str, operation: Operation) -> None:
    found, rest = set(PLACEHOLDER.findall(path)), PLACEHOLDER.sub("", path)
    missing, unknown = operation.needs - found, found - operation.needs - operation.allows
    if missing or unknown or "{" in rest or "}" in rest:
        known = " and ".join(f"{{{name}}}" for name in sorted(operation.needs)) or "no placeholder"
        raise ValueError(f"expected a path with {known}, found {path!r}")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


RouteText = Annotated[
    Route,
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "expected": "a path, with or without a method in front"}),
]


class InstallerPaths(_Settings):
    """The configuration table `sources.X.api.paths`; what is left out keeps the default."""

    create_order: RouteText = OPERATIONS["create_order"].route
    list_installers: RouteText = OPERATIONS["list_installers"].route
    list_orders: RouteText = OPERATIONS["list_orders"].route
    get_order: RouteText = OPERATIONS["get_order"].route
    dispatch_order: RouteText = OPERATIONS["dispatch_order"].route
    cancel_order: RouteText = OPERATIONS["cancel_order"].route
    upload_file: RouteText = OPERATIONS["upload_file"].route
    attach_file: RouteText = OPERATIONS["attach_file"].route
    list_tags: RouteText = OPERATIONS["list_tags"].route
    create_tags: RouteText = OPERATIONS["create_tags"].route
    assign_tag: RouteText = OPERATIONS["assign_tag"].route
    remove_tag: RouteText = OPERATIONS["remove_tag"].route
    get_webform: RouteText = OPERATIONS["get_webform"].route
    create_webform_order: RouteText = OPERATIONS["create_webform_order"].route

    @field_validator("*", mode="before")
    @classmethod
    def _parse(cls, given: object, info: ValidationInfo) -> object:
        if isinstance(given, Route):
            return given
        if not isinstance(given, str):
            raise ValueError(f"expected a path in quotes, found {type(given).__name__}")  # noqa: TRY004 - pydantic's
        return parse_route(given, OPERATIONS[str(info.field_name)])

    def of(self, operation: Operation) -> Route:
        route: Route = getattr(self, operation.name)
        return route


def _as_numbers(given: object) -> object:
    return (given,) if isinstance(given, int | str) else given


#: One number, or several where the API has more than one for the same phase.
Numbers = Annotated[
    tuple[int, ...],
    Field(
        min_length=1, description="Number of this phase. 0 for `created` is inferred, the others are ours."
    ),
    BeforeValidator(_as_numbers),
    WithJsonSchema({"type": "array", "expected": "a whole number, or a list of them"}),
]


class InstallerStatuses(_Settings):
    """The configuration table `sources.X.api.statuses`: the number or numbers of each phase."""

    created: Numbers = (0,)  # inferred from the one sample; all numbers below are ours
    dispatching: Numbers = (1,)
    scheduled: Numbers = (2,)
    in_progress: Numbers = (3,)
    completed: Numbers = (4,)
    declined: Numbers = (5,)
    cancelled: Numbers = (6,)

    @model_validator(mode="after")
    def _no_number_twice(self) -> "InstallerStatuses":
        for number in self.table():
            phases = [phase for phase in OrderPhase if number in getattr(self, phase)]
            if len(phases) > 1:
                raise ValueError(f"{number} stands for {' and '.join(phases)}; expected one phase per number")
        return self

    def table(self) -> Mapping[int, OrderPhase]:
        return {number: phase for phase in OrderPhase for number in getattr(self, phase)}
