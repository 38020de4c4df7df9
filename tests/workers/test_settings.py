"""
The workers' settings: the whole file is checked, the order APIs' tokens are read, the schemes' secrets are not.
"""

import traceback
from contextlib import chdir

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.config import ConfigError, RawConfig, read_config
from workers.api.models import OrderPhase
from workers.settings import WorkerSettings, worker_settings

CANARY = "canary-4f1c"
ENVIRON = {"TOKEN": CANARY}

SOUND = """
[sources.shop]
system = "installer"
scheme = { type = "header", name = "X-Token", secrets = ["env:NOT_HERE", "file:/not/here"] }
api = { base_url = "https://api.example.com", token = "env:TOKEN" }

[sources.open]
scheme = { type = "unsigned" }

[[workflows]]
name = "Tag"
trigger = "order_created"
actions = [{ type = "assign_tag", tag = "imported" }]
"""


@pytest.fixture(name="load")
def _load(tmp_path):
    def load(text, **environ):
        path = tmp_path / "orderhook.toml"
        path.write_text(text)
        return worker_settings(read_config(environ={**ENVIRON, **environ}, path=path))

    return load


@pytest.fixture(name="problems_of")
def _problems_of(load):
    def problems_of(text, **environ):
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [str(problem) for problem in caught.value.problems]

    return problems_of


def with_api(api):
    return f'[sources.shop]\nsystem = "installer"\nscheme = {{ type = "unsigned" }}\napi = {api}\n'


def test_an_empty_file_gives_the_defaults(load):
    """The defaults are public: documents and deployments depend on them."""
    settings = load("")

    worker, retry = settings.worker, settings.worker.retry
    assert "redis://127.0.0.1:6379/0" == settings.redis_url
    assert (1, 50, 3) == (worker.processes, worker.concurrency, worker.max_crashes)
    assert (30.0, 30.0, 20.0, 60.0) == (
        worker.lease_s,
        worker.shift_s,
        worker.call_deadline_s,
        worker.event_deadline_s,
    )
    assert (1.0, 300.0, 8, 86_400.0) == (retry.base_s, retry.cap_s, retry.max_attempts, retry.max_age_s)
    assert ({}, {}, (), ()) == (settings.sources, settings.apis, settings.actions, settings.workflows)


def test_the_secrets_of_schemes_are_not_needed(load):
    """Workers verify nothing; a secret that they cannot read is one that they cannot leak."""
    settings = load(SOUND)

    assert {"shop", "open"} == settings.sources.keys()
    assert settings.sources["shop"].scheme is None


@pytest.mark.parametrize("entry", ['"env:BAD"', '{ secret = "env:BAD" }', '"file:bad.secret"'])
def test_the_secrets_of_schemes_are_not_read_even_where_they_could_be(load, tmp_path, entry):
    """One environment for all processes is common; what would spoil the receiver's start does not concern workers."""
    (tmp_path / "bad.secret").write_text("not\x01fit")

    settings = load(
        f'[sources.a]\nscheme = {{ type = "header", name = "X", secrets = [{entry}] }}', BAD="not\x01fit"
    )

    assert ["a"] == list(settings.sources)


def test_a_source_s_order_api_is_known_by_the_source(load):
    """Each sender may be another tenant, with a token of its own."""
    settings = load(SOUND)

    assert ["shop"] == list(settings.apis)
    assert CANARY == settings.apis["shop"].token.reveal()
    assert 20.0 == settings.apis["shop"].deadline_s
    assert "/api/v1/orders" == settings.apis["shop"].paths.list_orders.path


def test_paths_and_status_numbers_can_be_set_right(load):
    """The vendor publishes neither, so a guess of ours must not need a release to be corrected."""
    api = '{ base_url = "http://a", token = "env:TOKEN", paths = { get_order = "/v2/{orderId}" } }'

    settings = load(with_api(api), ORDERHOOK_SOURCES__SHOP__API__STATUSES__COMPLETED="[4, 40]")

    found = settings.apis["shop"]
    assert "GET /v2/{orderId}" == str(found.paths.get_order)
    assert OrderPhase.COMPLETED == found.statuses.table()[40]


def test_workflows_are_loaded_with_their_actions(load):
    """A misspelt action is found at the start, not by the first order of the day."""
    (workflow,) = load(SOUND).workflows

    assert ("Tag", "assign_tag") == (workflow.name, workflow.actions[0].type)


def test_actions_of_one_s_own_are_found_beside_the_file(load, tmp_path):
    """A file and a module in one folder are all that an integration needs."""
    (tmp_path / "settings_test_actions.py").write_text(
        "from workers.actions import action\n\n"
        "@action('notify', effect='keyed')\n"
        "def notify(step, *, url: str) -> None: ...\n"
    )
    workflow = (
        '[[workflows]]\nname = "N"\ntrigger = "order.created"\nactions = [{ type = "notify", url = "u" }]\n'
    )

    settings = load(f'actions = ["settings_test_actions"]\n{workflow}')

    assert ("settings_test_actions",) == settings.actions
    assert "notify" in settings.registry
    assert "notify" == settings.workflows[0].actions[0].type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[worker]\nconcurency = 1",
            ["worker.concurency: an unknown key; expected concurrency"],
            id="misspelt",
        ),
        pytest.param(
            "[worker]\nprocesses = 0",
            ["worker.processes: 0; expected a whole number from 1 to 256"],
            id="range",
        ),
        pytest.param(
            "[worker]\nlease_s = 10.0",
            [
                "worker: lease_s is 10.0 and call_deadline_s 20.0; expected lease_s to be longer than call_deadline_s"
            ],
            id="lease-shorter-than-a-call",  # https://github.com/svix/svix-webhooks/issues/2181
        ),
        pytest.param(
            "[worker.retry]\nbase_s = 400",
            ["worker.retry: base_s is 400.0 and cap_s 300.0; expected base_s up to cap_s"],
            id="first-wait-over-the-cap",
        ),
        pytest.param(
            '[sources.shop]\nsystem = "installer"\nscheme = { type = "unsigned" }',
            ["sources.shop: system without api; expected both or neither"],
            id="system-without-api",
        ),
        pytest.param(
            '[sources.shop]\nscheme = { type = "unsigned" }\napi = { base_url = "http://a", token = "env:TOKEN" }',
            ["sources.shop: api without system; expected both or neither"],
            id="api-without-system",
        ),
        pytest.param(
            '[sources.shop]\nsystem = "dispatch"\nscheme = { type = "unsigned" }\n'
            'api = { base_url = "http://a", token = "env:TOKEN", paths = { get_order = "/o/{orderId}" } }',
            ['sources.shop: api.paths with system = "dispatch"; expected it with system = "installer" only'],
            id="paths-of-the-dispatch-api",
        ),
        pytest.param(
            '[sources.shop]\nsystem = "dispatch"\nscheme = { type = "unsigned" }\n'
            'api = { base_url = "http://a", token = "env:TOKEN", statuses = { completed = 4 } }',
            [
                'sources.shop: api.statuses with system = "dispatch"; expected it with system = "installer" only'
            ],
            id="statuses-of-the-dispatch-api",
        ),
        pytest.param(
            '[sources.shop]\ntrust = "hint"\nscheme = { type = "unsigned" }',
            ['sources.shop: trust = "hint" without an order API to ask; expected system and api'],
            id="hint-with-nobody-to-ask",
        ),
        pytest.param(
            '[sources.shop]\nverify_by_fetch = true\nscheme = { type = "unsigned" }',
            ["sources.shop: verify_by_fetch without an order API to ask; expected system and api"],
            id="fetch-with-nobody-to-ask",
        ),
        pytest.param(
            with_api('{ base_url = "http://a", token = "env:NO" }'),
            ["sources.shop.api.token: env:NO is not set; expected an environment variable with the secret"],
            id="token-unset",
        ),
        pytest.param(
            with_api('{ base_url = "http://a" }'),
            ["sources.shop.api.token: nothing; expected env:NAME, file:PATH or the token itself"],
            id="no-token",
        ),
        pytest.param(
            with_api('{ base_url = "https://user:canary-4f1c@a.example", token = "env:TOKEN" }'),
            ["sources.shop.api.base_url: text; expected a URL such as https://api.example.com"],
            id="password-in-the-url",
        ),
        pytest.param(
            with_api('{ base_url = "ftp://a", tokn = "canary-4f1c", token = ["canary-4f1c"] }'),
            [
                "sources.shop.api.base_url: text; expected a URL such as https://api.example.com",
                "sources.shop.api.token: a list; expected env:NAME, file:PATH or text",
                "sources.shop.api.tokn: an unknown key; expected token",
            ],
            id="api",
        ),
        pytest.param(
            with_api(
                '{ base_url = "http://a", token = "env:TOKEN", paths = { get_order = "v2", get_ordr = "/" } }'
            ),
            [
                "sources.shop.api.paths.get_order: 'v2'; expected a path such as /api/v1/order/{orderId}, with or without a method in front",
                "sources.shop.api.paths.get_ordr: an unknown key; expected get_order",
            ],
            id="paths",
        ),
        pytest.param(
            with_api(
                '{ base_url = "http://a", token = "env:TOKEN", statuses = { created = "x", done = 4 } }'
            ),
            [
                'sources.shop.api.statuses.created: "x"; expected a whole number, or a list of them',
                "sources.shop.api.statuses.done: an unknown key; expected one of created, dispatching, scheduled, in_progress, completed, declined, cancelled",
            ],
            id="statuses",
        ),
        pytest.param(
            'actions = ["../evil", 3]',
            [
                'actions[0]: "../evil"; expected the name of a Python module such as erp_actions',
                "actions[1]: 3; expected the name of a Python module such as erp_actions",
            ],
            id="no-module-name",
        ),
        pytest.param(
            "actions = 3", ["actions: 3; expected a list of names of Python modules"], id="actions-no-list"
        ),
        pytest.param("workflows = 3", ["workflows: 3; expected a list of tables"], id="workflows-no-list"),
    ],
)
def test_a_problem_is_said_with_its_key(problems_of, text, expected):
    """Key, what was found, what was expected: enough to put it right without a manual."""
    assert expected == problems_of(text)


def test_problems_of_workflows_name_workflow_step_and_what_is_known(problems_of):
    """Two workflows of one name, a misspelt action: a person must see which one is meant."""
    definition = '[[workflows]]\nname = "A"\ntrigger = "order.created"\nactions = [{ type = "asign_tag", tag = "t" }]\n'

    duplicate, first, second = problems_of(definition * 2)

    assert duplicate.startswith('workflows[1].name: workflow "A": ')
    assert first.startswith('workflows[0].actions[0].type: workflow "A": ')
    assert second.startswith('workflows[1].actions[0].type: workflow "A": ')
    assert "assign_tag" in first


def test_a_module_that_cannot_be_imported_is_named(problems_of):
    """Its error is the user's own, and the one that helps."""
    (problem,) = problems_of('actions = ["no_such_module_here"]')

    assert problem.startswith(
        "actions[0]: module no_such_module_here: cannot be imported: ModuleNotFoundError"
    )


def test_problems_of_the_receiver_come_in_the_same_list(load, tmp_path):
    """`check` is run once, before a deployment, for the file as a whole."""
    text = """
[receiver]
port = -1
[sources.shop]
ack_status = 410
[sources.shop.scheme]
type = "header"
name = "X Y"
secrets = ["env:NOT_HERE", { secret = "env:NOT_HERE", not_befor = 1 }]
[worker]
processes = 0
[[workflows]]
name = "A"
"""
    with pytest.raises(ConfigError) as caught:
        load(text, ORDERHOOK_WORKER__CONCURRENCY="all")

    lines = str(caught.value).split("\n")
    assert [
        f"{tmp_path / 'orderhook.toml'}",
        "  receiver.port: -1; expected a whole number from 0 to 65535",
        "  sources.shop.ack_status: 410; expected 200, 201, 202 or 204",
        "  sources.shop.scheme.secrets[1].not_befor: an unknown key; expected not_before",
        '  sources.shop.scheme.name: "X Y"; expected the name of a header',
        "  worker.processes: 0; expected a whole number from 1 to 256",
    ] == lines[:6]
    assert all(line.startswith("  workflows[0].") for line in lines[6:-2])
    assert [
        "environment ORDERHOOK_WORKER__CONCURRENCY",
        '  worker.concurrency: "all"; expected a whole number from 1 to 10000',
    ] == lines[-2:]


@pytest.mark.parametrize(
    ("variable", "text", "found"),
    [
        pytest.param("ORDERHOOK_WORKER__CONCURRENCY", "7", lambda s: s.worker.concurrency == 7, id="whole"),
        pytest.param(
            "ORDERHOOK_WORKER__RETRY__CAP_S", "7.5", lambda s: s.worker.retry.cap_s == 7.5, id="nested"
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__API__TOKEN",
            "a-token",
            lambda s: s.apis["shop"].token.reveal() == "a-token",
            id="secret",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__API__PATHS__LIST_ORDERS",
            "/v2/orders",
            lambda s: str(s.apis["shop"].paths.list_orders) == "GET /v2/orders",
            id="path",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__API__STATUSES__COMPLETED",
            "40",
            lambda s: s.apis["shop"].statuses.completed == (40,),
            id="number",
        ),
        pytest.param("ORDERHOOK_WORKFLOWS", "[]", lambda s: s.workflows == (), id="list"),
    ],
)
def test_the_environment_is_read_as_what_each_setting_is(load, variable, text, found):
    """A variable is always text; what it means is the setting's to say."""
    assert found(load(SOUND, **{variable: text}))


def test_settings_show_no_secret(load):
    """They are printed in debug logs, tracebacks and by pytest."""
    settings = load(f'redis_url = "redis://:{CANARY}@h"\n{SOUND}')

    assert CANARY not in repr(settings)
    assert CANARY not in str(settings.apis)
    assert CANARY not in settings.apis["shop"].model_dump_json()


@pytest.mark.parametrize("place", ["token", "tokn", "base_url", "secret"])
@pytest.mark.parametrize(
    "value", [CANARY, [CANARY], {"secret": CANARY}, [[CANARY]], {"a": {"b": CANARY}}], ids=repr
)
def test_no_error_shows_a_token(place, value):
    """An error is logged, mailed and pasted into tickets; one that shows a token costs a rotation."""
    api = {"base_url": f"https://u:{CANARY}@h", "token": CANARY, place: value}
    values = {"sources": {"shop": {"scheme": {"type": "unsigned"}, "api": api}}, "worker": {"processes": 0}}

    with pytest.raises(ConfigError) as caught:
        worker_settings(RawConfig(path=None, values=values, origins={}, environ={}))

    assert CANARY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)


def test_workflows_that_are_nested_too_deeply_are_a_problem(tmp_path):
    """The parser of the environment's JSON goes deeper than what reads it next may go."""
    deep = '{"a":' * 900 + "1" + "}" * 900
    workflows = f'[{{"name": "A", "trigger": "order.created", "actions": [], "conditions": {deep}}}]'

    with chdir(tmp_path), pytest.raises(ConfigError) as caught:
        worker_settings(read_config(environ={"ORDERHOOK_WORKFLOWS": workflows}))

    assert {"environment ORDERHOOK_WORKFLOWS"} == {problem.where for problem in caught.value.problems}


_KNOWN_KEYS = """
    redis_url sources worker workflows shop scheme api type secrets system base_url token paths statuses
    retry lease_s name trigger conditions enabled and or
"""
_KEYS = st.sampled_from(_KNOWN_KEYS.split()) | st.text(max_size=5)
_VALUES = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(
        ["env:TOKEN", "env:NO", "header", "unsigned", "order_created", "assign_tag", "installer"]
    )
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_STEPS = st.lists(
    st.fixed_dictionaries({"type": _VALUES}, optional={"tag": _VALUES, "reason": _VALUES}) | _VALUES
)
_WORKFLOWS = st.lists(
    st.fixed_dictionaries(
        {"name": _VALUES, "trigger": _VALUES, "actions": _STEPS}, optional={"conditions": _VALUES}
    ),
    max_size=2,
)
_APIS = st.fixed_dictionaries(
    {"base_url": _VALUES, "token": _VALUES}, optional={"paths": _VALUES, "statuses": _VALUES}
)
_SOURCES = st.dictionaries(
    st.sampled_from(["shop", "Bad"]),
    st.fixed_dictionaries({"scheme": _VALUES, "api": _APIS | _VALUES}),
    max_size=2,
)


@given(
    st.dictionaries(_KEYS, _VALUES, max_size=3),
    st.fixed_dictionaries({}, optional={"workflows": _WORKFLOWS, "sources": _SOURCES, "worker": _VALUES}),
)
def test_any_values_are_accepted_or_refused(values, ours):
    """A file is untrusted input too: no content of it may end in another error than ours."""
    raw = RawConfig(path=None, values={**values, **ours}, origins={}, environ=ENVIRON)

    try:
        settings = worker_settings(raw)
    except ConfigError as error:
        problems = error.problems
    else:
        assert isinstance(settings, WorkerSettings)
        return
    assert problems
