"""The environment of a demonstration: nothing of the user's own goes out."""

import base64

import pytest
import tomlkit

from console.dev import stage
from console.dev.stage import TOKEN_VARIABLE, Addresses
from console.errors import Misuse
from receiver.config import RawConfig, read_config
from receiver.sealing import Sealing
from receiver.secrets import Secret
from receiver.settings import receiver_settings
from workers.settings import worker_settings

INSTALLER = {
    "system": "installer",
    "scheme": {"type": "standard-webhooks", "secrets": ["env:HOOK_SECRET"]},
    "api": {"base_url": "https://api.installer.com", "token": "env:REAL_TOKEN"},
}
ADDRESSES = Addresses(
    redis_url="redis://127.0.0.1:7777/0", receiver_port=8100, sandbox_port=8102, console_port=8101
)


def raw(tmp_path, sources, environ=None) -> RawConfig:
    """Return a configuration with these sources."""
    path = tmp_path / "orderhook.toml"
    path.write_text(tomlkit.dumps({"sources": sources}))
    return read_config(environ=environ or {}, path=path)


def staged(config: RawConfig, known=None) -> dict[str, str]:
    """Return the environment that processes would get."""
    made_up = stage.made_up_secrets(config, known or {})
    return {**config.environ, **stage.changes(config, ADDRESSES, made_up)}


def test_no_real_api_is_called_and_no_real_token_is_given_away(tmp_path):
    """`orderhook dev` beside a production configuration must not dispatch a real order."""
    config = raw(tmp_path, {"installer": INSTALLER, "second": INSTALLER}, {"REAL_TOKEN": "precious"})

    environ = staged(config)

    settings = worker_settings(read_config(environ=environ))
    assert {"http://127.0.0.1:8102"} == {api.base_url for api in settings.apis.values()}
    assert {environ[TOKEN_VARIABLE]} == {api.token.reveal() for api in settings.apis.values()}
    assert "redis://127.0.0.1:7777/0" == settings.redis_url


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "standard-webhooks", "secrets": ["env:S"]},
        {"type": "standard-webhooks", "secrets": [{"secret": "env:S"}]},
        {"type": "github", "secrets": ["env:S"]},
        {"type": "hmac", "header": "X-S", "secret_encoding": "hex", "secrets": ["env:S"]},
        {"type": "hmac", "header": "X-S", "secret_encoding": "base64", "secrets": ["env:S"]},
        {"type": "header", "name": "X-T", "secrets": ["env:S"]},
        {"type": "basic", "username": "u", "secrets": ["env:S"]},
        {"type": "unsigned"},
    ],
    ids=["standard", "table", "github", "hex", "base64", "header", "basic", "unsigned"],
)
def test_a_missing_secret_is_made_up_so_that_its_scheme_takes_it(tmp_path, scheme):
    """The demonstration runs on a fresh machine, whatever the file asks for."""
    environ = staged(raw(tmp_path, {"shop": {"scheme": scheme}}))

    assert receiver_settings(read_config(environ=environ)).sources["shop"]


def test_a_secret_that_is_set_is_used(tmp_path):
    """Who has a sender that signs already wants it to go on verifying."""
    config = raw(
        tmp_path, {"installer": INSTALLER}, {"HOOK_SECRET": "whsec_" + base64.b64encode(b"k" * 24).decode()}
    )

    assert "HOOK_SECRET" not in stage.made_up_secrets(config, {})


def test_secrets_that_were_made_up_before_stay(tmp_path):
    """An event that was signed yesterday still verifies today."""
    config = raw(tmp_path, {"installer": INSTALLER})
    first = stage.made_up_secrets(config, {})

    assert first == stage.made_up_secrets(config, first)


def test_no_two_folders_have_the_same_secrets(tmp_path):
    """A default secret would be a public one."""
    config = raw(tmp_path, {"installer": INSTALLER})

    assert stage.made_up_secrets(config, {}) != stage.made_up_secrets(config, {})


def test_the_sandbox_plays_the_first_source_it_can(tmp_path):
    """Nothing need be said where the file says it."""
    plain = {"scheme": {"type": "unsigned"}}
    config = raw(tmp_path, {"shop": plain, "installer": INSTALLER})

    assert "installer" == stage.played_source(config, "")
    assert "shop" == stage.played_source(config, "shop")
    with pytest.raises(Misuse, match="no source 'nope'"):
        stage.played_source(config, "nope")


def test_a_source_of_the_dispatch_api_gets_that_sides_events(tmp_path):
    """Who configures one wants to see its events without starting a sandbox of their own."""
    scheme = {"type": "unsigned"}
    config = raw(tmp_path, {name: {"system": name, "scheme": scheme} for name in ("installer", "dispatch")})

    assert "dispatch" == stage.dispatch_source(config, "installer")
    assert stage.dispatch_source(config, "dispatch") == ""


def test_a_file_without_such_a_source_says_what_to_do(tmp_path):
    """The sandbox speaks one language; another source may be named."""
    config = raw(tmp_path, {"shop": {"scheme": {"type": "unsigned"}}})

    with pytest.raises(Misuse, match="--source names the one to play"):
        stage.played_source(config, "")


def test_the_sandboxs_shops_can_be_connected(tmp_path):
    """The keys are made up, and addresses of this machine are allowed: here, and nowhere else."""
    found = staged(raw(tmp_path, {"installer": INSTALLER}))

    assert Sealing([Secret("made up", found[name]) for name in ("SHOP_SECRETS_KEY", "SHOP_CREDENTIALS_KEY")])
    assert ("env:SHOP_SECRETS_KEY", "env:SHOP_CREDENTIALS_KEY", "true") == (
        found["ORDERHOOK_RECEIVER__SECRETS_KEY"],
        found["ORDERHOOK_CONSOLE__CREDENTIALS_KEY"],
        found["ORDERHOOK_INTEGRATIONS__ALLOW_PRIVATE"],
    )
