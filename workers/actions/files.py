"""
The built-in action `attach_file`: a file from an address, or made of a template, put on the order.
"""

import mimetypes
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ..failures import Permanent
from .base import Result, Step
from .kit import Download, there
from .marking import action
from .parameters import FileTemplate, Text
from .subjects import api_of, order_id_of
from .values import filled, values_for

#: The reason of a dead letter whose file has a name that none can have.
NAME_INVALID = "file_name_invalid"
TOO_LARGE = "file_too_large"
_LONGEST_NAME = 200
_UNKNOWN_TYPE = "application/octet-stream"


class _Where(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FromUrl(_Where):
    """A file that is fetched."""

    url: Text


class FromTemplate(_Where):
    """A file that is made."""

    template: FileTemplate


File: TypeAlias = Annotated[
    FromUrl | FromTemplate,
    Field(json_schema_extra={"expected": 'a table `{ url = "…" }` or `{ template = "…" }`'}),
]
MediaType: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}$",
        json_schema_extra={"expected": "a media type such as application/pdf"},
    ),
]
MostBytes: TypeAlias = Annotated[int, Field(ge=1, le=52_428_800)]


@action("attach_file", effect="keyed")
async def attach_file(
    step: Step,
    *,
    file: File,
    name: Text,
    media_type: MediaType | None = None,
    max_bytes: MostBytes = 10_485_760,
) -> Result:
    """
    Put a file on the order.

    It is uploaded, and then attached, each under a key that is the same in every attempt.

    Args:
        file: `{ url = "…" }`, a template of the address that it is fetched from, or `{ template = "NAME.html" }`, a
            template in the folder that it is made of.
        name: What it is called, a template.
        media_type: What it is; if unset, what it was fetched as, or what its name says.
        max_bytes: A larger one is not attached.
    """
    api, order_id = api_of(step), order_id_of(step)
    values = await values_for(step, name.names | await filled(lambda: _names(step, file)))
    called = _name(await filled(lambda: name.rendered(values)))
    found = await _content(step, file, values, most_bytes=max_bytes)
    uploaded = await api.upload_file(
        found.content,
        name=called,
        media_type=media_type or found.media_type or _type_of(called),
        idempotency_key=f"{step.idempotency_key}-file",
    )
    await api.attach_file(order_id, uploaded.id, idempotency_key=step.idempotency_key)
    return {"file": uploaded.id, "name": called, "bytes": len(found.content)}


def _names(step: Step, file: File) -> frozenset[str]:
    return file.url.names if isinstance(file, FromUrl) else step.kit.shelf.names_in(file.template)


async def _content(step: Step, file: File, values: dict[str, object], *, most_bytes: int) -> Download:
    if isinstance(file, FromUrl):
        url = await filled(lambda: file.url.rendered(values))
        return await there(step.kit.downloader, "downloads").fetch(url, most_bytes=most_bytes)
    text = await filled(lambda: step.kit.shelf.text(file.template, values))
    content = text.encode()
    if len(content) > most_bytes:
        message = f"the file comes to {len(content)} bytes; see `max_bytes`"
        raise Permanent(message, reason=TOO_LARGE)
    return Download(content=content, media_type=_type_of(file.template))


def _type_of(name: str) -> str:
    return mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE


def _name(text: str) -> str:
    """Return the file's name, which may be made of what a stranger wrote: no folder, and nothing that does not show."""
    name = text.strip().replace("\\", "/").rpartition("/")[2]
    if not name.strip(".") or not name.isprintable() or len(name) > _LONGEST_NAME:
        message = f"the file's name cannot be used; expected up to {_LONGEST_NAME} printable characters"
        raise Permanent(message, reason=NAME_INVALID)
    return name
