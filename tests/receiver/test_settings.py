"""
The receiver's settings: what is accepted, what is refused and in which words, and that no secret is ever shown.
"""

import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.config import RawConfig
from receiver.settings import ConfigError, ReceiverSettings, SourceSettings, read_config, receiver_settings
from receiver.verification import UnsignedSettings

#: Every table of the file and every key above them, in their order.
TABLES = ", ".join(ReceiverSettings.model_fields)

CANARY = "canary-4f1c"
#: What may stand at the top of the file.
TABLES = ", ".join(ReceiverSettings.model_fields)
SIGNING_KEY = f"whsec_{base64.b64encode(CANARY.encode() * 2).decode()}"

#: A file that is right; each test spoils one thing.
SOUND = """
redis_url = "rediss://user:canary-4f1c@redis.example:6380/1"

[receiver]
port = 8080

[sources.shop]
scheme = { type = "header", name = "X-Token", secrets = ["env:SHOP", { secret = "canary-4f1c" }] }
api = { base_url = "https://api.example.com", token = "canary-4f1c" }

[sources.open]
scheme = { type = "unsigned" }
"""
ENVIRON = {"SHOP": CANARY, "KEY": SIGNING_KEY, "EMPTY": " "}


@pytest.fixture(name="load")
def _load(tmp_path):
    def load(text, **environ):
        path = tmp_path / "orderhook.toml"
        path.write_text(text)
        return receiver_settings(read_config(environ={**ENVIRON, **environ}, path=path))

    return load


@pytest.fixture(name="problems_of")
def _problems_of(load):
    def problems_of(text, **environ):
        with pytest.raises(ConfigError) as caught:
            load(text, **environ)
        return [str(problem) for problem in caught.value.problems]

    return problems_of


def a_source(scheme='{ type = "unsigned" }', more=""):
    return f"[sources.shop]\nscheme = {scheme}\n{more}"


def raw(values, **environ):
    return RawConfig(path=None, values=values, origins={}, environ={**ENVIRON, **environ})


def test_an_empty_file_gives_the_defaults(load):
    """The defaults are public: documents and deployments depend on them."""
    settings = load("")

    assert "redis://127.0.0.1:6379/0" == settings.redis_url
    assert ("127.0.0.1", 8000) == (settings.receiver.host, settings.receiver.port)
    assert 1_048_576 == settings.receiver.body_limit_bytes
    assert (5.0, 1.0) == (settings.receiver.body_deadline_s, settings.receiver.commit_timeout_s)
    assert (10_000, 10.0) == (settings.receiver.max_waiting, settings.receiver.stop_grace_s)
    assert settings.receiver.log_deliveries
    assert {} == settings.sources


def test_a_source_has_defaults_too(load):
    """A source is one line of config for who needs nothing special."""
    source = load(a_source()).sources["shop"]

    assert SourceSettings(scheme=UnsignedSettings(type="unsigned")) == source
    assert (None, True, 202, "payload") == (source.system, source.enabled, source.ack_status, source.trust)
    assert ("memory", 30, 7) == (source.durability, source.retention_days, source.dedupe_days)
    assert ("continue", "data.id") == (source.on_dead, source.mapping.subject)


def test_settings_are_frozen(load):
    """Nothing changes under a running process; a reload makes new ones."""
    with pytest.raises(ValueError, match="frozen"):
        load("").receiver.port = 1


def test_a_sound_file_is_accepted(load):
    """The base of the tests below is itself right."""
    settings = load(SOUND)

    assert {"shop", "open"} == settings.sources.keys()
    assert [CANARY, CANARY] == [one.secret.reveal() for one in settings.sources["shop"].scheme.secrets]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[receiver]\nport = 99999",
            "receiver.port: 99999; expected a whole number from 0 to 65535",
            id="range",
        ),
        pytest.param(
            "[receiver]\nport = true",
            "receiver.port: true; expected a whole number from 0 to 65535",
            id="truth",
        ),
        pytest.param(
            '[receiver]\nport = "80"',
            'receiver.port: "80"; expected a whole number from 0 to 65535',
            id="text",
        ),
        pytest.param(
            "[receiver]\nport = 80.0",
            "receiver.port: 80.0; expected a whole number from 0 to 65535",
            id="float",
        ),
        pytest.param(
            "[receiver]\nport = [80]",
            "receiver.port: a list; expected a whole number from 0 to 65535",
            id="list",
        ),
        pytest.param(
            "[receiver]\nport = 2026-01-01",
            "receiver.port: a date or time; expected a whole number from 0 to 65535",
            id="date",
        ),
        pytest.param(
            "[receiver]\nbody_deadline_s = inf",
            "receiver.body_deadline_s: inf; expected a number above 0 and at most 300",
            id="infinite",
        ),
        pytest.param(
            "[receiver]\nlog_deliveries = 1",
            "receiver.log_deliveries: 1; expected true or false",
            id="one-is-not-true",
        ),
        pytest.param(
            '[receiver]\nhost = ""', "receiver.host: text, empty; expected text that is not empty", id="empty"
        ),
        pytest.param("receiver = 1", "receiver: a whole number; expected a table", id="no-table"),
        pytest.param("[receiver]\nprot = 1", "receiver.prot: an unknown key; expected port", id="misspelt"),
        pytest.param(
            "[reciever]\nport = 1", "reciever: an unknown key; expected receiver", id="misspelt-table"
        ),
        pytest.param(
            "zzz = 1",
            f"zzz: an unknown key; expected one of {TABLES}",
            id="like-nothing",
        ),
        pytest.param(
            'redis_url = "http://u:canary-4f1c@h"',
            "redis_url: text; expected a URL that begins redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://, or env:NAME or file:PATH of one",
            id="redis-url-is-not-shown",
        ),
        pytest.param(
            'redis_url = "env:NO"',
            "redis_url: env:NO is not set; expected an environment variable with the secret",
            id="redis-url-unset",
        ),
        pytest.param(
            "[sources]\nshop = 1", "sources.shop: a whole number; expected a table", id="source-no-table"
        ),
        pytest.param(
            '[sources."The Shop".scheme]\ntype = "unsigned"',
            'sources."The Shop": a name that cannot be used; expected a name that matches ^[a-z][a-z0-9_-]{0,63}$',
            id="source-name",
        ),
        pytest.param(
            "[sources.shop]",
            "sources.shop.scheme: nothing; expected a table with type = "
            '"basic", "github", "header", "hmac", "shopify", "standard-webhooks", "stripe", "unsigned" or "woocommerce"',
            id="no-scheme",
        ),
        pytest.param(
            a_source(more="enabeld = false"),
            "sources.shop.enabeld: an unknown key; expected enabled",
            id="key",
        ),
        pytest.param(
            a_source(more="ack_status = 410"),
            "sources.shop.ack_status: 410; expected 200, 201, 202 or 204",
            id="status",
        ),
        pytest.param(
            a_source(more='trust = "blind"'),
            'sources.shop.trust: "blind"; expected "payload" or "hint"',
            id="trust",
        ),
        pytest.param(
            a_source(more='mapping.subject = "data..id"'),
            'sources.shop.mapping.subject: "data..id"; expected a dotted path such as data.id',
            id="path",
        ),
        pytest.param(
            a_source(more="rate_limit_per_s = 0"),
            "sources.shop.rate_limit_per_s: 0; expected a number above 0",
            id="rate",
        ),
        pytest.param(
            a_source(more='system = "instaler"'),
            'sources.shop.system: "instaler"; expected "installer" or "dispatch"',
            id="system",
        ),
        pytest.param(
            a_source('{ type = "stripes", secrets = ["env:SHOP"] }'),
            'sources.shop.scheme: type = "stripes"; expected type = "stripe"',
            id="scheme-misspelt",
        ),
        pytest.param(
            a_source('{ secrets = ["env:SHOP"] }'),
            "sources.shop.scheme: nothing; expected a table with type = "
            '"basic", "github", "header", "hmac", "shopify", "standard-webhooks", "stripe", "unsigned" or "woocommerce"',
            id="scheme-without-type",
        ),
        pytest.param(
            a_source('{ type = "github" }'),
            "sources.shop.scheme.secrets: nothing; expected a list of 1 to 8, each env:NAME, file:PATH or a table",
            id="no-secrets",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = [] }'),
            "sources.shop.scheme.secrets: a list, empty; expected a list of 1 to 8, each env:NAME, file:PATH or a table",
            id="empty-secrets",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = "canary-4f1c" }'),
            "sources.shop.scheme.secrets: text; expected a list of 1 to 8, each env:NAME, file:PATH or a table",
            id="secrets-without-brackets",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = ["env:SHOP", "env:NO"] }'),
            "sources.shop.scheme.secrets[1]: env:NO is not set; expected an environment variable with the secret",
            id="secret-unset",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = ["env:EMPTY"] }'),
            "sources.shop.scheme.secrets[0]: env:EMPTY is empty; expected a secret",
            id="secret-empty",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = [""] }'),
            "sources.shop.scheme.secrets[0]: the secret is empty; expected a secret",
            id="literal-empty",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = ["file:no/such"] }'),
            "sources.shop.scheme.secrets[0]: file:no/such cannot be read (No such file or directory); "
            "expected a file with the secret",
            id="secret-file",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = [7] }'),
            "sources.shop.scheme.secrets[0]: a whole number; "
            "expected env:NAME, file:PATH, or a table with secret, not_before and not_after",
            id="secret-number",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = [{ secret = "env:SHOP", not_after = "canary-4f1c" }] }'),
            "sources.shop.scheme.secrets[0].not_after: text; expected a date and time with zone",
            id="secret-time",
        ),
        pytest.param(
            a_source('{ type = "github", secrets = [{ secrte = "canary-4f1c", secret = "env:SHOP" }] }'),
            "sources.shop.scheme.secrets[0].secrte: an unknown key; expected secret",
            id="secret-key-misspelt",
        ),
        pytest.param(
            a_source('{ type = "header", name = "X-Token", header = "a", secrets = ["env:SHOP"] }'),
            "sources.shop.scheme.header: an unknown key; expected id_header",
            id="key-with-the-scheme-s-name",
        ),
        pytest.param(
            a_source('{ type = "hmac", header = "X Y", secrets = ["env:SHOP"] }'),
            'sources.shop.scheme.header: "X Y"; expected the name of a header',
            id="header-name",
        ),
        pytest.param(
            a_source('{ type = "hmac", header = "X", signs = "{timestamp}", secrets = ["env:SHOP"] }'),
            None,
            id="template",
        ),
    ],
)
def test_a_problem_is_said_in_one_line(problems_of, text, expected):
    """Key, what was found, what was expected: enough to put it right without a manual."""
    problems = problems_of(text)

    assert 1 == len(problems)
    assert problems[0].startswith("sources.shop.scheme") if expected is None else [expected] == problems


def test_a_key_that_is_called_like_its_scheme_is_still_a_key(problems_of):
    """`header` is a scheme and a key of another one; each problem must point to the right place."""
    problems = problems_of(a_source('{ type = "header", header = { name = 1 }, secrets = ["env:SHOP"] }'))

    assert [
        "sources.shop.scheme.name: nothing; expected the name of a header",
        "sources.shop.scheme.header: an unknown key; expected id_header",
    ] == problems


def test_all_problems_come_at_once_with_their_places(problems_of, load, tmp_path):
    """One problem per start is one deployment per problem."""
    text = (
        'redis_ulr = "x"\n[receiver]\nport = -1\n[sources.shop.scheme]\ntype = "github"\nsecrets = ["env:NO"]'
    )

    with pytest.raises(ConfigError) as caught:
        load(text, ORDERHOOK_RECEIVER__HOTS="h", ORDERHOOK_RECEIVER__MAX_WAITING="many")

    assert [
        f"{tmp_path / 'orderhook.toml'}",
        "  receiver.port: -1; expected a whole number from 0 to 65535",
        "  sources.shop.scheme.secrets[0]: env:NO is not set; expected an environment variable with the secret",
        "  redis_ulr: an unknown key; expected redis_url",
        "environment ORDERHOOK_RECEIVER__MAX_WAITING",
        '  receiver.max_waiting: "many"; expected a whole number of at least 1',
        "environment ORDERHOOK_RECEIVER__HOTS",
        "  receiver.hots: an unknown key; expected host",
    ] == str(caught.value).split("\n")


def test_problems_of_reading_come_along(problems_of):
    """A variable that could not be laid over the file is one of the problems, not the only one."""
    problems = problems_of(
        "[receiver]\nport = -1", ORDERHOOK_REDIS_URL="redis://h", orderhook_redis_url="redis://i"
    )

    assert [
        "redis_url: set by ORDERHOOK_REDIS_URL too; expected one of them",
        "receiver.port: -1; expected a whole number from 0 to 65535",
    ] == problems


@pytest.mark.parametrize(
    ("variable", "text", "found"),
    [
        pytest.param("ORDERHOOK_REDIS_URL", "redis://h/1", lambda s: s.redis_url == "redis://h/1", id="text"),
        pytest.param("ORDERHOOK_REDIS_URL", "env:R", lambda s: s.redis_url == "unix:///r", id="reference"),
        pytest.param("ORDERHOOK_RECEIVER__PORT", "9000", lambda s: s.receiver.port == 9000, id="whole"),
        pytest.param("ORDERHOOK_RECEIVER__PORT", " 9000 ", lambda s: s.receiver.port == 9000, id="spaces"),
        pytest.param(
            "ORDERHOOK_RECEIVER__STOP_GRACE_S", "0.5", lambda s: s.receiver.stop_grace_s == 0.5, id="number"
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__STOP_GRACE_S", "2", lambda s: s.receiver.stop_grace_s == 2, id="integral"
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__LOG_DELIVERIES", "False", lambda s: not s.receiver.log_deliveries, id="truth"
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__HOST", "1", lambda s: s.receiver.host == "1", id="text-like-a-number"
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__ACK_STATUS",
            "200",
            lambda s: s.sources["shop"].ack_status == 200,
            id="choice",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__RATE_LIMIT_PER_S",
            "2.5",
            lambda s: s.sources["shop"].rate_limit_per_s == 2.5,
            id="optional",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__SCHEME",
            '{"type": "standard-webhooks", "secrets": ["env:KEY"]}',
            lambda s: s.sources["shop"].scheme.secrets[0].secret.reveal() == SIGNING_KEY,
            id="table",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__NEW__SCHEME__TYPE",
            "unsigned",
            lambda s: s.sources["new"].scheme.type == "unsigned",
            id="new-source",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__OPEN__SCHEME__ID_HEADER",
            "X-Id",
            lambda s: s.sources["open"].scheme.id_header == "X-Id",
            id="inside-a-scheme",
        ),
    ],
)
def test_the_environment_is_read_as_what_each_setting_is(load, variable, text, found):
    """A variable is always text; what it means is the setting's to say."""
    assert found(load(SOUND, R="unix:///r", **{variable: text}))


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        pytest.param(
            "ORDERHOOK_RECEIVER__PORT",
            "http",
            'receiver.port: "http"; expected a whole number from 0 to 65535',
            id="no-number",
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__PORT",
            "",
            'receiver.port: ""; expected a whole number from 0 to 65535',
            id="empty",
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__BODY_DEADLINE_S",
            "NaN",
            "receiver.body_deadline_s: nan; expected a number above 0 and at most 300",
            id="nan",
        ),
        pytest.param(
            "ORDERHOOK_RECEIVER__MAX_WAITING",
            "9" * 5_000,
            f'receiver.max_waiting: "{"9" * 59}…; expected a whole number of at least 1',
            id="huge",
        ),
        pytest.param(
            "ORDERHOOK_PORT",
            "1",
            f"port: an unknown key; expected one of {TABLES}",
            id="unknown",
        ),
        pytest.param(
            "ORDERHOOK_",
            "1",
            f'"": an unknown key; expected one of {TABLES}',
            id="no-name",
        ),
        pytest.param(
            "ORDERHOOK_RECIEVER__PORT", "1", "reciever: an unknown key; expected receiver", id="misspelt"
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__SCHEME__SECRETS",
            '["env:SHOP"',
            "sources.shop.scheme.secrets: text; expected a list of 1 to 8, each env:NAME, file:PATH or a table",
            id="broken-json",
        ),
        pytest.param(
            "ORDERHOOK_SOURCES__SHOP__SCHEME__SECRETS",
            '["canary-4f1c", 3]',
            "sources.shop.scheme.secrets[1]: a whole number; "
            "expected env:NAME, file:PATH, or a table with secret, not_before and not_after",
            id="inside-json",
        ),
    ],
)
def test_a_problem_of_the_environment_names_the_variable(load, variable, text, expected):
    """The file is right; to look there would be a waste of a night."""
    with pytest.raises(ConfigError) as caught:
        load(SOUND, **{variable: text})

    (problem,) = caught.value.problems
    assert (f"environment {variable}", expected) == (problem.where, str(problem))


def test_a_secret_may_be_in_a_file_beside_the_configuration(load, tmp_path):
    """Platforms mount secrets as files, next to the configuration or at a path of their own."""
    (tmp_path / "shop.secret").write_text(f"{CANARY}\n")

    settings = load(a_source('{ type = "github", secrets = ["file:shop.secret"] }'))

    assert CANARY == settings.sources["shop"].scheme.secrets[0].secret.reveal()


def test_tables_of_the_other_packages_are_kept_nowhere(load):
    """The internet-facing process must not hold a token, nor mind what workers are told."""
    settings = load(
        SOUND + '[worker]\nnonsense = 1\n[[workflows]]\nnonsense = "canary-4f1c"\n', ORDERHOOK_ACTIONS="x"
    )

    assert settings.sources["shop"].api is None
    assert (None, None, None) == (settings.worker, settings.workflows, settings.actions)
    assert not {"worker", "workflows", "actions"} & settings.model_dump().keys()
    assert "api" not in settings.model_dump()["sources"]["shop"]


def test_a_token_that_cannot_be_read_does_not_concern_the_receiver(load):
    """Its environment has no token, and need not have one."""
    settings = load(a_source(more='api = { base_url = "https://a.example", token = "env:NOT_HERE" }'))

    assert settings.sources["shop"].api is None


def test_settings_show_no_secret(load):
    """They are printed in debug logs, tracebacks and by pytest."""
    settings = load(SOUND)

    for shown in (
        repr(settings),
        str(settings),
        str(settings.sources),
        settings.model_dump_json(exclude={"redis_url"}),
    ):
        assert CANARY not in shown


def everything(error):
    return "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(error.problems)


_SECRET_PLACES = [
    ("redis_url",),
    ("sources", "shop", "scheme", "secrets", 0),
    ("sources", "shop", "scheme", "secrets", 1, "secret"),
    ("sources", "shop", "api", "token"),
]
_HOSTILE = st.sampled_from(
    [
        None,
        True,
        7,
        1.5,
        "",
        "text",
        [],
        {},
        ["text"],
        {"text": 1},
        CANARY,
        [CANARY],
        {"secret": CANARY},
        [[CANARY]],
    ]
)


def a_tree():
    return {
        "redis_url": f"redis://:{CANARY}@h",
        "receiver": {"port": 1},
        "sources": {
            "shop": {
                "scheme": {
                    "type": "hmac",
                    "header": "X-Signature",
                    "secret_encoding": "text",
                    "secrets": [CANARY, {"secret": CANARY}],
                },
                "api": {"base_url": "https://a.example", "token": CANARY},
            }
        },
    }


def put(tree, path, value):
    for part in path[:-1]:
        tree = tree[part]
    tree[path[-1]] = value


@pytest.mark.parametrize("path", _SECRET_PLACES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize(
    "spoilt", [CANARY, [CANARY], {"secret": CANARY}, {CANARY[:6]: CANARY}, [[CANARY]]], ids=repr
)
@pytest.mark.parametrize(
    "scheme", ["hmac", "standard-webhooks", "header", "basic", "github", "unsigned", "no-such", 3, None]
)
def test_no_error_shows_what_stands_where_a_secret_belongs(path, spoilt, scheme):
    """An error is logged, mailed and pasted into tickets; one that shows a secret costs a rotation."""
    tree = a_tree()
    put(tree, path, spoilt)
    put(tree, ("sources", "shop", "scheme", "type"), scheme)
    put(tree, ("receiver", "port"), -1)

    with pytest.raises(ConfigError) as caught:
        receiver_settings(raw(tree))

    assert CANARY not in everything(caught.value)


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize(
    "text", [f"{CANARY}\x00", f"whsec_{CANARY}", f"whpk_{CANARY}", f"whsk_{CANARY}", f"é{CANARY}"]
)
@pytest.mark.parametrize("scheme", ["hmac", "standard-webhooks", "header"])
def test_no_error_about_a_key_shows_it(scheme, text, encoding):
    """A secret that was pasted with a byte too much is still a secret."""
    tree = a_tree()
    options = {"hmac": {"header": "X", "secret_encoding": encoding}, "header": {"name": "X"}}.get(scheme, {})
    put(tree, ("sources", "shop", "scheme"), {"type": scheme, **options, "secrets": ["env:BAD", text]})
    put(tree, ("receiver", "port"), -1)

    with pytest.raises(ConfigError) as caught:
        receiver_settings(raw(tree, BAD=text))

    assert CANARY not in everything(caught.value)


@given(
    path=st.sampled_from(
        [
            ("redis_url",),
            ("receiver",),
            ("receiver", "port"),
            ("receiver", "host"),
            ("sources",),
            ("sources", "shop"),
            ("sources", "shop", "scheme"),
            ("sources", "shop", "scheme", "secrets"),
            ("sources", "shop", "scheme", "header"),
            ("sources", "shop", "trust"),
            ("sources", "shop", "unknown"),
            *_SECRET_PLACES,
        ]
    ),
    value=_HOSTILE.filter(lambda value: CANARY not in str(value)),
)
def test_no_error_beside_a_secret_shows_it(path, value):
    """Whatever else is wrong with a table, its secret is not part of the message."""
    tree = a_tree()
    put(tree, path, value)

    try:
        settings = receiver_settings(raw(tree))
    except ConfigError as error:
        shown = everything(error)
    else:
        shown = repr(settings)
    assert CANARY not in shown


_KNOWN_KEYS = """
    redis_url receiver sources worker workflows actions port host shop enabled trust
    scheme api type secrets secret header hmac name tolerance_s not_after
"""
_KEYS = st.sampled_from(_KNOWN_KEYS.split()) | st.text(max_size=5)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(
        ["env:SHOP", "env:NO", "file:/", "hmac", "header", "unsigned", "standard-webhooks", 200]
    )
    | st.datetimes()
    | st.dates()
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_SOURCES = st.dictionaries(
    st.sampled_from(["shop", "open", "Bad Name"]),
    st.fixed_dictionaries(
        {}, optional={"scheme": _VALUES, "api": _VALUES, "trust": _VALUES, "enabled": _VALUES}
    )
    | _VALUES,
    max_size=2,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.none() | _SOURCES)
def test_any_values_are_accepted_or_refused(values, sources):
    """A file is untrusted input too: no content of it may end in another error than ours."""
    if sources is not None:
        values = {**values, "sources": sources}

    try:
        settings = receiver_settings(raw(values))
    except ConfigError as error:
        problems = error.problems
    else:
        assert isinstance(settings, ReceiverSettings)
        return
    assert all(len(str(problem).splitlines()) == 1 for problem in problems)


def test_a_failed_load_leaves_nothing_behind(load):
    """A reload with a bad file keeps the old settings: loading is a value or an error, with no effect."""
    good = load(SOUND)

    with pytest.raises(ConfigError):
        load("port = 1")

    assert good == load(SOUND)


class TestSpool:
    def test_a_relative_folder_is_beside_the_file(self, tmp_path):
        """A process started from elsewhere must find what the last one left."""
        path = tmp_path / "conf" / "orderhook.toml"
        path.parent.mkdir()
        path.write_text('[sources.a]\nspool = "../spool"\nscheme = { type = "unsigned" }\n')
        read = receiver_settings(read_config(environ={}, path=path))
        moved = receiver_settings(
            read_config(environ={"ORDERHOOK_SOURCES__A__SPOOL": "/srv/spool"}, path=path)
        )

        assert tmp_path / "spool" == read.sources["a"].spool
        assert 268_435_456 == read.sources["a"].spool_max_bytes
        assert "/srv/spool" == str(moved.sources["a"].spool)

    def test_an_empty_one_is_a_mistake(self, tmp_path):
        """It would be the folder of the configuration."""
        path = tmp_path / "orderhook.toml"
        path.write_text('[sources.a]\nspool = ""\nscheme = { type = "unsigned" }\n')

        with pytest.raises(ConfigError, match="the path of a folder"):
            receiver_settings(read_config(environ={}, path=path))
