"""
The arrows between packages: receiver ◄ workers ◄ console, and the sandbox alone.

Each rule is checked in the source; the one that guards the public edge also in a running interpreter.
"""

import importlib
import json
import subprocess
import sys
import textwrap
from functools import cache
from typing import Any

import pytest

from tests.support.code import PACKAGES, ROOT, Module, modules, source

#: Which packages of ours each one may import beside itself.
MAY_IMPORT: dict[str, set[str]] = {
    "receiver": set(),
    "workers": {"receiver"},
    "console": {"receiver", "workers", "sandbox"},
    "sandbox": set(),
}

#: What can call out, beside workers, console and sandbox: none of it may be within reach of the public edge.
HTTP_CLIENTS = {"aiohttp", "httpx", "requests", "urllib3", "httpcore", "niquests"}

#: The modules that touch rq; its words (job, queue, worker) belong here and nowhere else.
TOUCH_RQ = {"receiver.wake", "workers.outages", "workers.rq_job", "workers.rq_worker"}

#: The pure core: values in, values out. Time, randomness and environment are arguments.
PURE = (
    "receiver.answers",
    "receiver.bucket",
    "receiver.intake",
    "receiver.keys",
    "receiver.lifecycle",
    "receiver.record",
    "receiver.strict_json",
    "receiver.verification",
    "workers.conditions",
    "workers.failures",
    "workers.egress.addresses",
    "workers.egress.destination",
    "workers.redaction",
    "workers.retry",
    "workers.targets.answers",
    "workers.targets.signing",
    "workers.workflows",
)

#: What a pure module does not import. `answers` spreads Retry-After at random: jitter, and the one exception.
IMPURE = {"asyncio", "os", "random", "secrets", "socket", "subprocess", "threading", "time"} | {
    "aiohttp", "redis", "rq", "starlette", "structlog", "uvicorn",
}  # fmt: skip
EXCEPTIONS = {("receiver.answers", "random")}


def test_an_import_is_read_by_its_absolute_name() -> None:
    """The rules below hold trivially of imports that are not seen, or seen under another name."""
    (accept,) = [module for module in source() if module.name == "receiver.accept"]
    (shift,) = [module for module in source() if module.name == "workers.shift"]

    assert {"receiver.keys", "receiver.wake.ShiftTemplate"} <= {found.name for found in accept.imports()}
    assert {"uvloop", "receiver.keys", "workers.attempt.attempt"} <= {found.name for found in shift.imports()}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_along_its_arrows(package: str) -> None:
    """A package that knows its callers cannot be understood, tested or deployed without them."""
    ours = {*PACKAGES, "tests", "benchmarks"}
    allowed = MAY_IMPORT[package] | {package}

    wrong = [
        f"{module.at(found.line)} imports {found.name}"
        for module in modules(package)
        for found in module.imports()
        if found.top in ours - allowed
    ]

    assert [] == wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_are_relative_inside_a_package_and_absolute_across(package: str) -> None:
    """The form of an import then says at a glance whether it crosses a border."""
    wrong = [
        f"{module.at(found.line)} imports {found.name}"
        for module in modules(package)
        for found in module.imports()
        if found.relative != (found.top == package)
    ]

    assert [] == wrong


def test_the_public_edge_loads_no_client_and_no_other_package_of_ours() -> None:
    """The internet-facing process cannot leak a token or call out if neither is anywhere in its memory."""
    loaded = {name.partition(".")[0] for name in _loaded_by_receiver()["modules"]}

    assert set() == loaded & HTTP_CLIENTS
    assert {"receiver"} == loaded & set(PACKAGES)


def test_importing_the_receiver_starts_nothing() -> None:
    """Work at import runs in every command, every test and every worker, where nobody asked for it."""
    assert 1 == _loaded_by_receiver()["threads"]


@cache
def _loaded_by_receiver() -> dict[str, Any]:
    """Return what a fresh interpreter holds after importing every module of the receiver."""
    names = [module.name for module in modules("receiver")]
    code = f"""
        import importlib, json, sys, threading
        for name in {names!r}:
            importlib.import_module(name)
        print(json.dumps(dict(modules=sorted(sys.modules), threads=threading.active_count())))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return dict(json.loads(run.stdout))


def test_the_receiver_knows_one_name_of_the_workers() -> None:
    """The shift is named by a string, since it cannot be imported; a renamed function would end all work silently."""
    known = [
        text for module in modules("receiver") for _, text in module.strings() if text.startswith("workers.")
    ]

    assert ["workers.shift.run"] == known
    module, _, function = known[0].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_only_the_listed_modules_touch_rq() -> None:
    """Correctness never depends on rq: who wants to know how far it reaches needs to read these alone."""
    touch = {module.name for module in source() if any(found.top == "rq" for found in module.imports())}

    assert touch == TOUCH_RQ


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_imports_no_clock_no_dice_and_no_adapter(name: str) -> None:
    """What decides must be testable as arithmetic: the same values in, the same answer out, at any time."""
    wrong = [
        f"{module.at(found.line)} imports {found.name}"
        for module in _under(name)
        for found in module.imports()
        if found.top in IMPURE and (module.name, found.top) not in EXCEPTIONS
    ]

    assert [] == wrong


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_asks_no_clock(name: str) -> None:
    """`datetime.now()` hides a clock in an import that is otherwise harmless."""
    clocks = {"now", "utcnow", "today"}

    wrong = [
        module.at(call.lineno)
        for module in _under(name)
        for text, call in module.calls()
        if text.rpartition(".")[2] in clocks and text.startswith(("datetime", "date"))
    ]

    assert [] == wrong


def _under(name: str) -> list[Module]:
    found = [module for module in source() if f"{module.name}.".startswith(f"{name}.")]
    assert found, f"{name} is in the list, but there is no such module"
    return found
