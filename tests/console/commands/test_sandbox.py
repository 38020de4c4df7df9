"""`orderhook sandbox`: how a workflow notification is given on the command line."""

import json

import pytest

from console.commands.sandbox import notification_of
from console.desk import Desk
from console.errors import Misuse

DESK = Desk(environ={"TOKEN": "canary-7b2f"})
TABLE = {
    "url": "http://127.0.0.1:8000/webhooks/n",
    "template": "{}",
    "headers": {"X-Token": "env:TOKEN"},
    "on": ["order.completed"],
}


def test_a_notification_is_json_or_a_file_of_it(tmp_path):
    """A template has quotes in it; in a file they need no escape from the shell."""
    path = tmp_path / "notification.json"
    path.write_text(json.dumps(TABLE))

    found = notification_of(DESK, json.dumps(TABLE))

    assert notification_of(DESK, str(path)) == found
    assert ({"X-Token": "canary-7b2f"}, ("order.completed",)) == (found.headers, found.on)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("/nowhere.json", "/nowhere.json cannot be read", id="no file"),
        pytest.param("{", "Invalid JSON", id="no JSON"),
        pytest.param('{"url": "http://a"}', "template: ", id="no template"),
        pytest.param(json.dumps({**TABLE, "headers": {"X": "env:NO"}}), "env:NO is not set", id="no secret"),
    ],
)
def test_one_that_cannot_be_used_is_a_usage_error(text, said):
    """It says which part is wrong."""
    with pytest.raises(Misuse, match=said):
        notification_of(DESK, text)
