"""The console's own API on a real server and a real Redis, with the configuration of the command line's tests."""

from collections.abc import Iterator

import pytest
import tomlkit

from console.commands.console import build
from console.scopes import Scope
from console.settings import console_settings
from console.tokens import Tokens
from receiver.config import read_config
from tests.console.conftest import SOURCES, WORKFLOW
from tests.support.rest import Caller, served


@pytest.fixture(name="console", scope="module")
def _console(redis_server, tmp_path_factory) -> Iterator[Caller]:
    """A console that serves all tests of a module; its configuration is that of `orderhook` as it begins."""
    path = tmp_path_factory.mktemp("console") / "orderhook.toml"
    api = {"base_url": "http://127.0.0.1:9", "token": "env:API_TOKEN"}
    sources = SOURCES | {"api": {"scheme": {"type": "unsigned"}, "system": "installer", "api": api}}
    tables = {"actions": ["tests.support.deeds"], "sources": sources, "workflows": [WORKFLOW]}
    path.write_text(tomlkit.dumps({"redis_url": redis_server.url, **tables}))
    raw = read_config(environ={}, path=path)
    with served(build(raw, console_settings(raw))) as caller:
        yield caller


@pytest.fixture(name="stranger")
def _stranger(console, orderhook) -> Caller:
    """A caller without a token, of an empty Redis."""
    return console


@pytest.fixture(name="token_of")
def _token_of(client):
    """Makes a token of a scope, named after it."""
    return lambda scope: Tokens(client).create(scope.value, scope, by="test", now=1_790_000_000_000)[0]


@pytest.fixture(name="reader")
def _reader(stranger, token_of) -> Caller:
    """A caller whose token may read."""
    return stranger.having(token_of(Scope.READ))


@pytest.fixture(name="operator")
def _operator(stranger, token_of) -> Caller:
    """A caller whose token may operate."""
    return stranger.having(token_of(Scope.OPERATE))


@pytest.fixture(name="admin")
def _admin(stranger, token_of) -> Caller:
    """A caller whose token may do everything."""
    return stranger.having(token_of(Scope.ADMIN))
