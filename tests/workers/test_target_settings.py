"""The tables `[targets.NAME]`: what is taken, and how a slip is told."""

import pytest
import tomlkit

from receiver.config import ConfigError, read_config
from receiver.settings import receiver_settings
from tests.support import hooks
from workers.settings import definitions, worker_settings

URL = "https://erp.example.com/hooks/token-hush"


@pytest.fixture(name="read")
def _read(tmp_path):
    """Makes the raw configuration of one target and one workflow that names it."""

    def read(*, steps=({"type": "webhook", "target": "erp"},), environ=None, **target):
        values = {
            "targets": {"erp": {"url": URL, "secrets": [hooks.SECRET]} | target},
            "workflows": [{"name": "tell", "trigger": "order.created", "actions": list(steps)}],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        return read_config(environ=environ or {}, path=path)

    return read


def problems(raw) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        worker_settings(raw)
    return [f"{problem.key}: {problem.found}; {problem.expected}" for problem in caught.value.problems]


def test_a_target_needs_a_url_and_a_secret(read):
    """The rest has defaults that do no harm."""
    target = worker_settings(read()).targets["erp"]

    assert (2, 15.0, False) == (target.concurrency, target.timeout_s, target.allow_private)
    assert "https://erp.example.com:443" == target.destination.shown


def test_url_secrets_and_headers_may_be_references(read):
    """The file is in a repository; these are not."""
    environ = {"URL": URL, "KEY": hooks.SECRET, "AUTHORIZATION": "Bearer hush"}
    raw = read(
        url="env:URL", secrets=["env:KEY"], headers={"Authorization": "env:AUTHORIZATION"}, environ=environ
    )

    target = worker_settings(raw).targets["erp"]

    assert {"Authorization": "Bearer hush"} == target.sent_headers
    assert "hush" not in repr(target) + str(target.model_dump())


def test_the_receiver_reads_nothing_of_a_target(read):
    """The internet-facing process needs none of its secrets."""
    assert receiver_settings(read(secrets=["env:NOT_SET"], url="env:NOT_SET"))


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"url": "http://erp.example.com/"}, "targets.erp.url", "http only with allow_private"),
        ({"url": "https://127.0.0.1/"}, "targets.erp.url", "is refused"),
        ({"url": "https://user:hush@erp.example.com/"}, "targets.erp.url", "headers for those"),
        ({"url": "https://erp.example.com:6379/hush"}, "targets.erp.url", "443 or 8443"),
        ({"url": "env:NOT_SET"}, "targets.erp.url", "env:NOT_SET is not set"),
        ({"secrets": []}, "targets.erp.secrets", "a list"),
        ({"secrets": ["not base64!"]}, "targets.erp.secrets", "whsec_"),
        ({"secrets": ["whpk_" + "A" * 43 + "="]}, "targets.erp.secrets", "whsk_"),
        ({"headers": {"Webhook-Id": "hush"}}, "targets.erp.headers", "has anyway"),
        ({"headers": {"Content-Length": "3"}}, "targets.erp.headers", "has anyway"),
        ({"headers": {"X Y": "hush"}}, "targets.erp.headers", "names of headers"),
        ({"headers": {"X-Key": "hush\r\nX: y"}}, "targets.erp.headers", "cannot stand in a header"),
        ({"headers": {"X-Key": "1", "x-key": "2"}}, "targets.erp.headers", "twice"),
        ({"timeout_s": 0}, "targets.erp.timeout_s", "above 0"),
        ({"concurrency": 0}, "targets.erp.concurrency", "from 1"),
        ({"retries": 3}, "targets.erp.retries", "an unknown key"),
    ],
)
def test_a_slip_is_told_by_its_key_and_without_its_value(read, change, key, words):
    """URLs and headers hold tokens; the message is read by many."""
    (problem,) = problems(read(**change))

    assert problem.startswith(key)
    assert words in problem
    assert "hush" not in problem


def test_all_slips_are_told_at_once(read):
    """Each start of a worker that fails costs somebody minutes."""
    found = problems(
        read(url="http://x/", secrets=["?"], concurrency=0, steps=[{"type": "webhook", "target": "er"}])
    )

    assert [
        "targets.erp.concurrency",
        "targets.erp.secrets",
        "targets.erp.url",
        "workflows[0].actions[0].target",
    ] == (sorted(each.partition(":")[0] for each in found))


def test_a_step_names_a_target_that_is_there(read):
    """Found at the start, and not by the first event."""
    (problem,) = problems(read(steps=[{"type": "webhook", "target": "erq"}]))

    assert "unknown target 'erq'; known: erp" in problem


def test_workflows_are_checked_without_the_secrets_of_targets(read):
    """`orderhook workflows check` runs where no secret is."""
    _, (workflow,) = definitions(read(secrets=["env:NOT_SET"], url="env:NOT_SET"))

    assert "webhook" == workflow.actions[0].type
