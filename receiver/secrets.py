"""
Secrets by reference: `env:NAME`, `file:PATH` or, where somebody insists, a literal.

Owns reading a secret, and keeping its value out of everything that is printed, logged, pickled or dumped.
Refuses to know what a secret is for, and never looks at the process' environment by itself.
"""

from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, NoReturn, Self

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, ValidationInfo, WithJsonSchema

_LITERAL = "literal"


class SecretError(ValueError):
    """
    A secret cannot be read.

    The message names the reference and what was expected, never a value.
    """


class Secret:
    """
    A value that shows where it came from and hides what it is; `reveal()` is the only way to it.

    Not a dataclass: `dataclasses.asdict` and rich's pretty printer would show the value.
    """

    __slots__ = ("_value", "reference")

    reference: str
    _value: str | None

    def __init__(self, reference: str, value: str | None) -> None:
        object.__setattr__(self, "reference", reference)
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """
        Return the value.

        Raises:
            SecretError: This one came out of a pickle, which carries the reference only.

        """
        if self._value is None:
            raise SecretError(f"{self.reference} was pickled and lost its value; read it again")
        return self._value

    def __repr__(self) -> str:
        return f"Secret({'***' if self.reference == _LITERAL else self.reference})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self.reference == other.reference and _same(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self.reference)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Secret is frozen; {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Secret is frozen; {name} cannot be deleted")

    def __reduce__(self) -> tuple[type[Self], tuple[str, None]]:
        # What is pickled may end in a queue, a cache or a crash report: only the reference goes along.
        return type(self), (self.reference, None)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        # Copies stay in this process, so unlike pickles they keep the value (`model_copy(deep=True)`).
        return self


def _same(left: str | None, right: str | None) -> bool:
    return compare_digest((left or "").encode(), (right or "").encode())


def read_secret(text: str, *, environ: Mapping[str, str], folder: Path) -> Secret:
    """
    Resolve *text* to a secret; a relative `file:` path is taken from *folder*.

    A line end at the value's end is cut: it comes from `echo`, and no sender signs with it.

    Raises:
        SecretError: The variable is unset, the file cannot be read, or the value is empty.

    """
    kind, separator, rest = text.partition(":")
    if separator and kind == "env":
        return _filled(text, _from_environ(rest, environ))
    if separator and kind == "file":
        return _filled(text, _from_file(rest, folder))
    if text == _LITERAL:
        # It is what a dump shows in place of a literal: read back, everybody would know the secret.
        raise SecretError("expected a secret, found 'literal', which a dump shows in its place")
    return _filled(_LITERAL, text)


def _filled(reference: str, value: str) -> Secret:
    value = value.rstrip("\r\n")
    if not value.strip():
        raise SecretError(f"{_named(reference)} is empty; expected a secret")
    if not _encodable(value):
        raise SecretError(f"{_named(reference)} is not text; expected a secret in UTF-8")
    return Secret(reference, value)


def _named(reference: str) -> str:
    return "the secret" if reference == _LITERAL else reference


def _encodable(value: str) -> bool:
    # os.environ gives undecodable bytes as lone surrogates, which no key can be made of.
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _from_environ(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise SecretError(f"env:{name} is not set; expected an environment variable with the secret")
    return environ[name]


def _from_file(name: str, folder: Path) -> str:
    try:
        return (folder / name).read_text("utf-8")
    except UnicodeDecodeError:
        # The cause carries the file's bytes, so it is not chained.
        raise SecretError(f"file:{name} is not text; expected a secret in UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SecretError(f"file:{name} cannot be read ({why}); expected a file with the secret") from error


def resolved(given: object, info: ValidationInfo) -> Secret:
    """Read a secret in a model, or take one that was read before."""
    # `environ` and `folder` are the validation's context, so that no model looks at the environment.
    if isinstance(given, Secret):
        return given
    if not isinstance(given, str):
        raise SecretError(f"expected env:NAME, file:PATH or text, found {type(given).__name__}")
    context = info.context or {}
    return read_secret(given, environ=context.get("environ", {}), folder=context.get("folder", Path()))


SecretText = Annotated[
    Secret,
    BeforeValidator(resolved),
    PlainSerializer(lambda secret: secret.reference, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "description": "env:NAME, file:PATH or the secret itself"}),
]
"""A pydantic field's type: text in the settings, a `Secret` in the model, the reference in a JSON dump."""

SECRETIVE = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)
"""The config of a model with secrets: a validation error would otherwise print what it was given."""
