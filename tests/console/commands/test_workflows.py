"""`orderhook workflows list` and `check`."""

from receiver import keys
from workers.configured import written
from workers.workflows.library import Stored


def test_the_list_shows_what_starts_what(orderhook):
    """Which workflow wants order.created? One look."""
    said = orderhook.run("workflows", "list")

    title, row = said.out.splitlines()
    assert ["NAME", "VERSION", "FROM", "TRIGGER", "CONDITIONS", "ACTIONS"] == title.split()
    assert ("both", "file") == (row.split()[0], row.split()[2])
    assert row.endswith("order.created  -           first, second")


def test_the_list_as_json_is_the_definition_with_its_version(orderhook):
    """The version is what events are pinned to."""
    (row,) = orderhook.run("workflows", "list", "--json").rows

    assert ("both", "order.created", 12) == (row["name"], row["trigger"], len(row["version"]))


def test_the_list_shows_where_each_comes_from_and_what_is_broken(client, orderhook):
    """A workflow that starts nothing looks like one that nothing has come for."""
    sound = {"name": "of the API", "trigger": "order.created", "actions": [{"type": "first"}]}
    for guid, changes in (("g-1", {}), ("g-2", {"name": "old", "actions": [{"type": "gone"}]})):
        stored = Stored(guid=guid, definition=sound | changes, is_active=guid != "g-1", created=1)
        client.hset(keys.configured(), guid, written(stored))

    said = orderhook.run("workflows", "list")

    _, _, disabled, broken = said.out.splitlines()
    assert disabled.startswith("of the API (disabled)  ")
    assert disabled.split()[5] == "api"
    assert broken.startswith("old (broken)")
    assert "actions[0].type: unknown action 'gone'" in said.err
    _, _, row = orderhook.run("workflows", "list", "--json").rows
    assert ("api", False, None, "g-2") == (row["from"], row["isActive"], row["version"], row["guid"])


def test_the_list_of_the_file_needs_no_redis(orderhook):
    """On a laptop, before anything runs."""
    orderhook.configure(redis_url="redis://127.0.0.1:1/0")

    said = orderhook.run("workflows", "list")

    assert (0, "both") == (said.code, said.out.splitlines()[1].split()[0])
    assert "only those of the file" in said.err


def test_check_says_what_was_understood(orderhook):
    """Who wrote a parameter sees that it was read as one."""
    workflow = {"name": "tag", "trigger": "order_created", "actions": [{"type": "assign_tag", "tag": "new"}]}
    orderhook.configure(workflows=[workflow])

    said = orderhook.run("workflows", "check")

    assert 0 == said.code
    assert 'assign_tag {"tag":"new"}  [natural]' in said.out


def test_check_warns_of_what_is_probably_a_slip(orderhook):
    """`order.canceled` never comes, and nothing would ever say so."""
    orderhook.configure(
        workflows=[{"name": "x", "trigger": "order.canceled", "actions": [{"type": "first"}]}]
    )

    said = orderhook.run("workflows", "check")

    assert 0 == said.code
    assert "warning" in said.out
    assert "order.cancelled" in said.out


def test_check_names_every_problem_and_needs_no_token(orderhook):
    """It runs in a pipeline that holds no secrets."""
    orderhook.configure(
        sources={
            "shop": {
                "system": "installer",
                "scheme": {"type": "standard-webhooks", "secrets": ["env:UNSET"]},
                "api": {"base_url": "http://127.0.0.1:1", "token": "env:UNSET"},
            }
        },
        workflows=[
            {"name": "a", "trigger": "order.created", "actions": [{"type": "frist"}]},
            {"name": "b", "trigger": "order.created", "actions": [{"type": "assign_tag"}]},
        ],
    )

    said = orderhook.run("workflows", "check")

    assert 2 == said.code
    assert "unknown action 'frist'" in said.err
    assert "workflows[1].actions[0].tag" in said.err


def test_no_workflows_are_not_a_failure(orderhook):
    """Recording alone is a use too."""
    orderhook.configure(workflows=[])

    assert (0, "") == (orderhook.run("workflows", "list").code, orderhook.run("workflows", "list").out)
