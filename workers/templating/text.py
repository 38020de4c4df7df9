"""
One template: what it may do, and how far.

Jinja2's sandbox: no attribute that begins with `_`, no call that changes what it is given. On top of it an output has a
bound, a rendering a time, and no operator makes a text long: an event that fits into a megabyte must not become one
that fills a worker. What is not there is an error, never an empty word in a letter to a customer.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: The most characters that a template may come to, and the seconds that it may take.
LIMIT = 262_144
TIME_S = 2.0
_HTML = (".html", ".htm", ".xml", ".svg")


class Unrenderable(Exception):
    """A template that cannot be read, or not with these values; the message says why and shows none of them."""


class Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without the operators that make much of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Do arithmetic with numbers, and nothing else."""
        if operator == "**" or not isinstance(left, int | float) or not isinstance(right, int | float):
            raise SecurityError(f"`{operator}` is for two numbers here, and `**` for none")
        return super().call_binop(context, operator, left, right)


def environment(loader: jinja2.BaseLoader | None = None) -> Environment:
    """Return an environment in which HTML and XML are escaped and other texts are not."""
    return Environment(
        loader=loader or jinja2.DictLoader({}),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(_HTML),
        auto_reload=False,
        keep_trailing_newline=False,
    )


_PLAIN = environment()


@dataclass(frozen=True, slots=True)
class Template:
    """
    A template that stands in the configuration, read.

    Args:
        names: What it asks for: `order`, `event`, `data`.
        expression: Where it is a single `{{ … }}` and nothing else: what it stands for, as it is and not as a text.
    """

    text: str
    names: frozenset[str]
    compiled: jinja2.Template = field(repr=False, compare=False)
    expression: Callable[..., Any] | None = field(repr=False, compare=False)

    @classmethod
    def read(cls, text: str) -> Self:
        """
        Read a template.

        Raises:
            Unrenderable: It is none.
        """
        with _said():
            tree = _PLAIN.parse(text)
            alone = _is_expression(tree)
            return cls(
                text=text,
                names=frozenset(meta.find_undeclared_variables(tree)),
                compiled=_PLAIN.from_string(text),
                expression=_PLAIN.compile_expression(_inside(text), undefined_to_none=False)
                if alone
                else None,
            )

    def rendered(self, values: Mapping[str, Any]) -> str:
        """
        Return the text with *values* in it.

        Raises:
            Unrenderable: It asks for what is not there, or comes to too much.
        """
        return rendered(self.compiled, values)

    def value(self, values: Mapping[str, Any]) -> Any:
        """
        Return what a single expression stands for, a number or a list as such; else the text.

        Raises:
            Unrenderable: As of `rendered`.
        """
        if self.expression is None:
            return self.rendered(values)
        with _said():
            found = self.expression(**values)
            if isinstance(found, jinja2.Undefined):
                str(found)  # raises, and says what is missing
            return found


def rendered(template: jinja2.Template, values: Mapping[str, Any]) -> str:
    """
    Return the text of a template.

    Raises:
        Unrenderable: It asks for what is not there, or comes to too much.
    """
    pieces, length, until = [], 0, time.monotonic() + TIME_S
    with _said():
        for piece in template.generate(values):
            length += len(piece)
            if length > LIMIT:
                raise Unrenderable(f"it comes to more than {LIMIT} characters")
            if time.monotonic() > until:
                raise Unrenderable(f"it takes more than {TIME_S:g} s")
            pieces.append(piece)
    # Half a surrogate pair can stand in no message; who reads it sees that something was there.
    return "".join(pieces).encode("utf-8", "replace").decode()


class _said:  # noqa: N801 - a context manager, used like a function
    """Translate what Jinja2, and the template in it, may raise."""

    def __enter__(self) -> None:
        """Nothing to begin with."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Unrenderable) or not isinstance(error, Exception):
            return
        raise Unrenderable(_words(error)) from None


def _words(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"line {error.lineno}: {error.message}"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name!r}"
    if isinstance(error, jinja2.UndefinedError | SecurityError):
        return str(error.message)
    # The words of any other may hold a value.
    return f"{type(error).__name__} while it was rendered"


def _is_expression(tree: nodes.Template) -> bool:
    match tree.body:
        case [nodes.Output(nodes=[one])]:
            return not isinstance(one, nodes.TemplateData)
        case _:
            return False


def _inside(text: str) -> str:
    return text.strip().removeprefix("{{").removesuffix("}}").strip("-+ \n\t")
