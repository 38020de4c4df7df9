"""
The folder of templates: found, checked and rendered by name.

A mail is `NAME.txt`, whose first line is its subject, and `NAME.html` beside it where there is one. What stands outside
of the folder is not reached, by no name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import meta

from .text import Environment, Unrenderable, environment, rendered

_SUBJECT = "Subject:"
_TEXT, _HTML, _HEAD = ".txt", ".html", ".subject"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """
    The templates of one folder; None where none is configured.
    """

    folder: Path | None = field(default=None)

    def problem_of_mail(self, name: str) -> str:
        """Return why a mail cannot be made of the templates of this name; nothing where it can."""
        found = self._problem(f"{name}{_TEXT}", f"{name}{_HEAD}")
        return found or (self._problem(f"{name}{_HTML}") if self.has(f"{name}{_HTML}") else "")

    def problem_of_file(self, name: str) -> str:
        """Return why no file can be made of the template; nothing where it can."""
        return self._problem(name)

    def has(self, name: str) -> bool:
        try:
            self._environment.get_template(name)
        except jinja2.TemplateNotFound:
            return False
        except jinja2.TemplateError:
            return True
        return True

    def names_in(self, name: str) -> frozenset[str]:
        """
        Return what the templates of a mail, or the one of a file, ask for: `order`, `event`, `data`.

        Raises:
            Unrenderable: One cannot be read.
        """
        parts = (name,) if "." in name else (f"{name}{_TEXT}", f"{name}{_HEAD}", f"{name}{_HTML}")
        return frozenset().union(*(self._asked(part, frozenset()) for part in parts if self.has(part)))

    def subject(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the subject of a mail. Raises Unrenderable."""
        return self.text(f"{name}{_HEAD}", values)

    def body(self, name: str, values: Mapping[str, Any]) -> str:
        """Return the text of a mail. Raises Unrenderable."""
        return self.text(f"{name}{_TEXT}", values)

    def html(self, name: str, values: Mapping[str, Any]) -> str | None:
        """Return the HTML of a mail, None where it has none. Raises Unrenderable."""
        return self.text(f"{name}{_HTML}", values) if self.has(f"{name}{_HTML}") else None

    def text(self, name: str, values: Mapping[str, Any]) -> str:
        """
        Return one template with *values* in it.

        Raises:
            Unrenderable: It is not there, cannot be read, asks for what is not there, or comes to too much.
        """
        try:
            template = self._environment.get_template(name)
        except jinja2.TemplateError as error:
            raise Unrenderable(_said(name, error)) from None
        try:
            return rendered(template, values)
        except Unrenderable as error:
            raise Unrenderable(f"{name}: {error}") from None

    @cached_property
    def _environment(self) -> Environment:
        return environment(_Loader(self.folder) if self.folder else None)

    def _problem(self, *names: str) -> str:
        if self.folder is None:
            return "no folder of templates is configured; set `templates`"
        for name in names:
            try:
                self._environment.get_template(name)
            except jinja2.TemplateError as error:
                return f"{_said(name, error)}, in {self.folder}"
        return ""

    def _asked(self, name: str, seen: frozenset[str]) -> frozenset[str]:
        """Return what a template asks for, and what those ask for that it includes or extends."""
        env = self._environment
        assert env.loader is not None
        try:
            tree = env.parse(env.loader.get_source(env, name)[0])
        except jinja2.TemplateError as error:
            raise Unrenderable(_said(name, error)) from None
        others = {other for other in meta.find_referenced_templates(tree) if other} - seen - {name}
        inner = (self._asked(other, seen | others | {name}) for other in others if self.has(other))
        return frozenset(meta.find_undeclared_variables(tree)).union(*inner)


class _Loader(jinja2.FileSystemLoader):
    """Reads the folder; the first line of a mail's text is a template of its own, since it becomes a header."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)

    def get_source(self, env: jinja2.Environment, template: str) -> tuple[str, str, Any]:
        name, dot, kind = template.rpartition(".")
        is_head = f"{dot}{kind}" == _HEAD
        source, path, current = super().get_source(env, f"{name}{_TEXT}" if is_head else template)
        head, _, body = source.partition("\n")
        if is_head:
            if not head.startswith(_SUBJECT):
                message = f"the first line of {name}{_TEXT} is its subject; expected `Subject: …`"
                raise jinja2.TemplateSyntaxError(message, 1, name=template)
            return head.removeprefix(_SUBJECT).strip(), path, current
        if f"{dot}{kind}" == _TEXT and head.startswith(_SUBJECT):
            # The line stays, as a remark, so that an error names the line that its reader sees.
            empty = "\n" if body.startswith("\n") else ""
            return f"{{#\n{empty}#}}{body.removeprefix(empty)}", path, current
        return source, path, current


def _said(name: str, error: jinja2.TemplateError) -> str:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{name}, line {error.lineno}: {error.message}"
    return f"there is no template {getattr(error, 'name', None) or name}"


NO_SHELF = Shelf()
