"""
Our own source code as data, for the tests of architecture and style: modules, their imports, their strings.

Reads files and imports nothing, so that a rule can be checked of a module without running it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: The packages of the distribution.
PACKAGES = ("receiver", "workers", "console", "sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module by its absolute name, and how and where it was written."""

    name: str
    relative: bool
    line: int

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A source file; *name* is dotted and absolute."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    def imports(self) -> Iterator[Import]:
        """Yield every import, wherever it stands: at the top, in a function, under TYPE_CHECKING."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(name=alias.name, relative=False, line=node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                names = (f"{base}.{alias.name}" for alias in node.names)
                yield from (Import(name=name, relative=node.level > 0, line=node.lineno) for name in names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts if self.path.name == "__init__.py" else parts[:-1]
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *filter(None, [node.module])])

    def strings(self) -> Iterator[tuple[int, str]]:
        """Yield line and text of every string but docstrings; of an f-string, its fixed parts."""
        docstrings = {id(expression) for expression in _bare_strings(self.tree)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield node.lineno, node.value

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Yield every call with the text of what is called, such as `time.sleep`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node

    def at(self, line: int) -> str:
        """Return a place as an editor takes it."""
        return f"{self.path.relative_to(ROOT)}:{line}"


def _bare_strings(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield strings that stand as statements: docstrings, and those behind a constant that say what it is."""
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Return every module of a top-level folder."""
    return tuple(_module(path) for path in sorted((ROOT / folder).rglob("*.py")))


def source() -> tuple[Module, ...]:
    """Return every module of the distribution."""
    return tuple(module for package in PACKAGES for module in modules(package))


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name=name, path=path, tree=ast.parse(path.read_text(), str(path)))
