"""
The registry: finding a user's actions, and telling all that is wrong with them.
"""

import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from workers.actions import ActionError, EffectClass, EventView, Registry, Step
from workers.failures import Permanent, classify

STEP = Step(
    event=EventView(
        source="installer",
        id="evt-1",
        type="order.created",
        subject="order-1",
        occurred_at=None,
        accepted_at="2025-01-15T10:30:02Z",
        stale=False,
        payload={"data": {"email": "kari@example.com"}},
        body=b'{"data": {"email": "kari@example.com"}}',
    ),
    idempotency_key="key-1",
    attempt=1,
    workflow="Notify",
    index=0,
)

HEAD = "from workers.actions import action\n"


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """A user's folder; what was imported from it is forgotten afterwards."""
    before = set(sys.modules), list(sys.path)
    yield tmp_path
    for name in set(sys.modules) - before[0]:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    sys.path[:] = before[1]
    sys.path_importer_cache.pop(str(tmp_path), None)


def load(folder: Path, **modules: str) -> Registry:
    """Write each module into the folder, under its keyword's name, and load them all."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(HEAD + source, encoding="utf-8")
    return Registry.load(list(modules), folder=folder)


def problems(folder: Path, **modules: str) -> tuple[tuple[str, str], ...]:
    with pytest.raises(ActionError) as caught:
        load(folder, **modules)
    return caught.value.problems


async def run(registry: Registry, name: str, **params: object) -> object:
    action = registry[name]
    return await action.run(STEP, action.params.model_validate(params))


def test_the_built_in_actions_are_always_there():
    """A configuration without `actions` can tag and dispatch."""
    registry = Registry.load()

    assert {"assign_tag", "dispatch_order", "fetch_order", "pause", "send_email", "webhook"} <= set(registry)
    assert EffectClass.NATURAL is registry["dispatch_order"].effect
    assert EffectClass.UNKEYED is registry["send_email"].effect


def test_a_marked_function_becomes_an_action(folder):
    """Name, effect class and parameters come from the function itself."""
    source = "@action('notify_erp', effect='keyed', needs_order=True)\ndef notify(step, *, url: str): ...\n"

    found = load(folder, erp_actions=source)["notify_erp"]

    assert (found.effect, found.needs_order, found.module) == (EffectClass.KEYED, True, "erp_actions")


def test_marking_changes_nothing(folder):
    """A user's own test calls the function as it was written."""
    load(
        folder,
        plain="@action('double', effect='natural')\ndef double(step, *, n: int): return {'n': 2 * n}\n",
    )

    assert sys.modules["plain"].double(None, n=4) == {"n": 8}


@pytest.mark.anyio
async def test_a_sync_action_runs_in_a_thread(folder):
    """A blocking call must not hold the other events of the shift."""
    source = (
        "import threading\n"
        "@action('where', effect='natural')\n"
        "def where(step): return {'thread': threading.get_ident(), 'key': step.idempotency_key}\n"
    )
    registry = load(folder, sync_actions=source)

    result = await run(registry, "where")

    assert result["key"] == "key-1"
    assert result["thread"] != threading.get_ident()


@pytest.mark.anyio
async def test_an_async_action_is_awaited_in_the_loop(folder):
    """It shares the order API's connections."""
    source = (
        "import asyncio, threading\n"
        "@action('where', effect='natural')\n"
        "async def where(step):\n    await asyncio.sleep(0)\n    return {'thread': threading.get_ident()}\n"
    )
    registry = load(folder, async_actions=source)

    assert await run(registry, "where") == {"thread": threading.get_ident()}


@pytest.mark.anyio
async def test_a_decorator_that_hides_an_async_action_is_seen_through(folder):
    """Else the coroutine would never run, and the step would look done."""
    source = (
        "import functools\n"
        "def logged(function):\n"
        "    @functools.wraps(function)\n"
        "    def wrapper(*args, **kwargs): return function(*args, **kwargs)\n"
        "    return wrapper\n"
        "@action('wrapped', effect='natural')\n@logged\n"
        "async def wrapped(step, *, n: int): return {'n': n}\n"
    )
    registry = load(folder, wrapped_actions=source)

    assert await run(registry, "wrapped", n=3) == {"n": 3}


@pytest.mark.anyio
async def test_parameters_are_validated_and_defaulted(folder):
    """A workflow's mistake is found when it is loaded, not at night."""
    source = (
        "@action('notify', effect='unkeyed')\n"
        "def notify(step, *, url: str, tries: int = 3, json: bool = False):\n"
        "    return {'url': url, 'tries': tries, 'json': json}\n"
    )
    registry = load(folder, with_params=source)

    assert await run(registry, "notify", url="x", json=True) == {"url": "x", "tries": 3, "json": True}
    with pytest.raises(ValidationError):
        await run(registry, "notify")
    with pytest.raises(ValidationError):
        await run(registry, "notify", url="x", retries=4)


@pytest.mark.anyio
async def test_annotations_in_quotes_are_resolved(folder):
    """`from __future__ import annotations` is common, and Step is often imported for type checkers only."""
    (folder / "quoted.py").write_text(
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "from workers.actions import action\nif TYPE_CHECKING:\n    from workers.actions import Step\n"
        "@action('quoted', effect='natural')\ndef quoted(step: Step, *, n: int) -> None: ...\n",
        encoding="utf-8",
    )
    registry = Registry.load(["quoted"], folder=folder)

    assert await run(registry, "quoted", n=1) is None
    with pytest.raises(ValidationError):
        await run(registry, "quoted", n="many")


@pytest.mark.parametrize(
    ("body", "result"),
    [
        pytest.param("return None", None, id="nothing"),
        pytest.param("return {'ok': True}", {"ok": True}, id="mapping"),
        pytest.param("return 5", {"note": "returned int; only a mapping is kept"}, id="number"),
        pytest.param(
            "return {'a': object()}", {"note": "returned a mapping that is not JSON; not kept"}, id="object"
        ),
        pytest.param(
            "return {'a': float('nan')}", {"note": "returned a mapping that is not JSON; not kept"}, id="nan"
        ),
        pytest.param(
            "return {'a': 'x' * 20_000}",
            {"note": "returned 20009 bytes; 16384 are kept at most"},
            id="too-large",
        ),
    ],
)
@pytest.mark.anyio
async def test_a_result_that_cannot_be_kept_does_not_fail_the_step(folder, body, result):
    """The effect is done: a failure now would call for its repeat."""
    registry = load(folder, results=f"@action('give', effect='unkeyed')\ndef give(step): {body}\n")

    assert await run(registry, "give") == result


@pytest.mark.parametrize("prefix", ["", "async "], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param("import sys; sys.exit(3)", "code_bug", id="sys.exit"),
        pytest.param("raise StopIteration", "action_error", id="StopIteration"),
        pytest.param("{}['x']", "code_bug", id="KeyError"),
    ],
)
@pytest.mark.anyio
async def test_no_exception_of_an_action_escapes_its_step(folder, prefix, statement, reason):
    """sys.exit would end the worker, and a StopIteration in a thread would never be heard of: the step would hang."""
    registry = load(
        folder, raising=f"@action('fail', effect='natural')\n{prefix}def fail(step): {statement}\n"
    )

    with pytest.raises(Exception) as caught:
        await run(registry, "fail")

    assert classify(caught.value).reason == reason


@pytest.mark.anyio
async def test_a_failure_that_an_action_raises_reaches_the_attempt(folder):
    """An action knows best whether its own error is for good."""
    source = (
        "from workers.failures import Permanent\n@action('fail', effect='natural')\n"
        "def fail(step): raise Permanent('unknown article', reason='erp_article')\n"
    )
    registry = load(folder, own_failure=source)

    with pytest.raises(Permanent, match="unknown article"):
        await run(registry, "fail")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(
            "@action('Notify!', effect='keyed')\ndef f(step): ...",
            "the action's name 'Notify!' is not made of a-z, 0-9 and _, or is over 64 long",
            id="name",
        ),
        pytest.param(
            "@action('f', effect='idempotent')\ndef f(step): ...",
            "f: the effect 'idempotent' is none of natural, keyed, collapsible, unkeyed",
            id="effect",
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(): ...", "f: its first parameter must take the step", id="no-step"
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(*, step): ...",
            "f: its first parameter must take the step",
            id="step-by-keyword",
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(step, url: str): ...",
            "f: the parameter url must be keyword-only, after a `*`",
            id="positional",
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(step, **rest: str): ...",
            "f: the parameter rest must be keyword-only, after a `*`",
            id="any-keyword",
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(step, *, url): ...", "f: the parameter url has no annotation", id="bare"
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(step, *, type: str): ...",
            "f: no parameter can be called `type`, which names the action in a workflow",
            id="type",
        ),
        pytest.param(
            "@action('f', effect='keyed')\ndef f(step, *, url: 'Nowhere'): ...",
            "f: an annotation cannot be used: NameError: name 'Nowhere' is not defined",
            id="unknown-annotation",
        ),
        pytest.param(
            "@action('assign_tag', effect='keyed')\ndef f(step): ...",
            "the action assign_tag is already defined in workers.actions.orders",
            id="built-in-name",
        ),
        pytest.param("import nowhere", "cannot be imported: ModuleNotFoundError: No module named 'nowhere'", id="import"),
        pytest.param("1 / 0", "cannot be imported: ZeroDivisionError: division by zero", id="raises"),
        pytest.param("raise SystemExit(2)", "cannot be imported: SystemExit: 2", id="exits"),
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_used_is_told_by_module(folder, source, message):
    """The configuration names modules, so that is where the reader looks."""
    assert problems(folder, broken_actions=source + "\n") == (("broken_actions", message),)


def test_an_annotation_that_no_workflow_could_write_is_refused(folder):
    """A parameter is JSON or TOML; an arbitrary object cannot stand in a file."""
    source = "class Client: ...\n@action('f', effect='keyed')\ndef f(step, *, client: Client): ...\n"

    ((module, message),) = problems(folder, arbitrary=source)

    assert module == "arbitrary"
    assert message.startswith("f: an annotation cannot be used: PydanticSchemaGenerationError: ")


def test_a_module_without_actions_is_a_problem(folder):
    """It is nearly always the wrong module, found because its name is taken."""
    ((module, message),) = problems(folder, empty_actions="")

    assert (module, message) == (
        "empty_actions",
        f"no function in {folder / 'empty_actions.py'} is marked with @action(…)",
    )


def test_all_problems_of_all_modules_are_told_at_once(folder):
    """One start per mistake would be a tedious morning."""
    twice = "@action('f', effect='keyed')\ndef f(step): ...\n"

    found = problems(folder, one=twice, two=twice, three="1 / 0\n")

    assert found == (
        ("two", "the action f is already defined in one"),
        ("three", "cannot be imported: ZeroDivisionError: division by zero"),
    )


def test_a_function_that_two_modules_show_is_one_action(folder):
    """A package may export what its submodule defines."""
    source = "@action('f', effect='keyed')\ndef f(step): ...\ng = f\n"

    registry = load(folder, first=source, second="from first import f\n")

    assert registry["f"].module == "first"


def test_an_installed_module_is_not_replaced_by_one_beside_the_configuration(folder):
    """A user's `colorsys.py` must not break the library that imports the real one."""
    (folder / "colorsys.py").write_text("raise RuntimeError", encoding="utf-8")

    ((module, message),) = problems(folder, colorsys="raise RuntimeError\n")

    assert module == "colorsys"
    assert "no function in" in message


def test_a_missing_module_is_told():
    """A name in `actions` that is not there."""
    with pytest.raises(ActionError, match="erp_missing: cannot be imported: ModuleNotFoundError"):
        Registry.load(["erp_missing"])


def test_an_unknown_name_is_answered_with_the_known_ones():
    """Used by the messages of workflows."""
    known = ", ".join(sorted(Registry.load()))

    assert Registry.load().describe_unknown("asign_tag") == (
        f"unknown action 'asign_tag'; known: {known}; did you mean assign_tag?"
    )


def test_a_step_shows_no_personal_data():
    """Its repr ends up in a traceback or a log sooner or later."""
    assert "kari" not in repr(STEP)
