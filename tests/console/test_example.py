"""
The example configuration: right as it stands, right with everything switched on, complete, and its defaults true.
"""

import base64
import re
import tomllib
from pathlib import Path

import pytest

import console
from console.reference import NAME, tables
from receiver.sealing import new_key
from receiver.settings import read_config, receiver_settings
from workers.settings import worker_settings

EXAMPLE = Path(console.__file__).parent / "example.toml"
TEXT = EXAMPLE.read_text("utf-8")

#: A setting that is switched off stands behind "#" without a space.
EVERYTHING = re.sub(r"^#(?=[^ #\n])", "", TEXT, flags=re.MULTILINE)

SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"
ENVIRON = {name: new_key() if name.endswith("_KEY") else SECRET for name in re.findall(r"env:(\w+)", TEXT)}

#: Shown with a value, since no value is their default.
_UNSET = {"system", "spool", "templates", "rate_limit_per_s"} | {
    "max_pending_events",
    "max_pending_bytes",
    "secrets_key",
}


@pytest.fixture(name="everything")
def _everything(tmp_path):
    for name in ("shop-old.secret", "dispatch.token"):
        (tmp_path / name).write_text(SECRET)
    path = tmp_path / "orderhook.toml"
    path.write_text(EVERYTHING)
    return path


def test_the_example_is_accepted_as_it_stands():
    """`make run` uses it; a first start that fails is the last one."""
    raw = read_config(environ=ENVIRON, path=EXAMPLE)

    assert ["installer"] == list(receiver_settings(raw).sources)
    assert ["installer"] == list(worker_settings(raw).apis)
    assert ["assign_tag", "dispatch_order"] == [
        step.type for step in worker_settings(raw).workflows[0].actions
    ]


def test_the_example_needs_two_secrets_only():
    """What `orderhook dev` has to provide, by name."""
    raw = read_config(
        environ={"INSTALLER_WEBHOOK_SECRET": SECRET, "INSTALLER_API_TOKEN": "token"}, path=EXAMPLE
    )

    assert receiver_settings(raw)
    assert worker_settings(raw)


def test_everything_in_the_example_can_be_switched_on(everything):
    """People uncomment a line and expect it to work."""
    raw = read_config(environ=ENVIRON, path=everything)

    schemes = {source.scheme.type for source in receiver_settings(raw).sources.values()}
    assert worker_settings(raw)
    assert {
        "standard-webhooks", "hmac", "github", "shopify", "woocommerce", "stripe", "header", "basic", "unsigned"
    } == schemes  # fmt: skip


def test_every_setting_is_in_the_example():
    """It says that it shows every setting."""
    shown = set(re.findall(r"^#?(\w+) = ", TEXT, re.MULTILINE)) | set(re.findall(r"[{,] (\w+) = ", TEXT))

    assert set() == {key for table in tables().values() for key in table.rows} - shown - {"workflows"}


@pytest.mark.parametrize("title", ["", "receiver", f"sources.{NAME}", "worker", "worker.retry"])
def test_the_defaults_in_the_example_are_the_defaults(title):
    """To uncomment a line without changing it must change nothing."""
    shown = tomllib.loads(EVERYTHING)
    for part in filter(None, title.replace(NAME, "installer").split(".")):
        shown = shown[part]
    off = {key for key in tables()[title].rows if re.search(rf"^#{key} = ", TEXT, re.MULTILINE)}

    defaults = {key: node.get("default", []) for key, node in tables()[title].rows.items() if key in off}

    assert defaults.keys() >= off
    assert {key: shown[key] for key in off - _UNSET} == {key: defaults[key] for key in off - _UNSET}
