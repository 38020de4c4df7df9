"""
Secrets in settings: plain ones, and tables with the time in which they are in force.
"""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from receiver.secrets import SECRETIVE
from receiver.verification.fields import HeaderName, Secrets


class Model(BaseModel):
    model_config = SECRETIVE

    secrets: Secrets = ()
    header: HeaderName = "X"


def read(secrets, **environ):
    return Model.model_validate({"secrets": secrets}, context={"environ": environ}).secrets


def places(raw, **environ):
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(raw, context={"environ": environ})
    return [error["loc"] for error in caught.value.errors()]


def test_secrets_are_read_in_their_order():
    """The first one signs, and the number of the one that matched is on record."""
    assert ["one", "two"] == [each.secret.reveal() for each in read(["env:A", "two"], A="one")]


def test_a_secret_may_have_a_beginning_and_an_end():
    """A rotation is planned by day, and nobody has to be there when it happens."""
    (secret,) = read(
        [{"secret": "env:A", "not_before": "2026-01-01T00:00:00Z", "not_after": "2026-02-01T01:00+01:00"}],
        A="one",
    )

    assert not secret.in_force(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert secret.in_force(datetime(2026, 1, 1, tzinfo=UTC))
    assert secret.in_force(datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    assert not secret.in_force(datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("secrets", "place"),
    [
        ([], ("secrets",)),
        (["s"] * 9, ("secrets",)),
        ([""], ("secrets", 0)),
        (["s", "env:UNSET"], ("secrets", 1)),
        ([7], ("secrets", 0)),
        ([{"secret": "env:UNSET"}], ("secrets", 0, "secret")),
        ([{"secret": "s", "not_after": "2026-01-01T00:00:00"}], ("secrets", 0, "not_after")),
        ([{"secret": "s", "until": "2026-01-01T00:00:00Z"}], ("secrets", 0, "until")),
        (
            [{"secret": "s", "not_before": "2026-01-02T00:00:00Z", "not_after": "2026-01-02T00:00:00Z"}],
            ("secrets", 0),
        ),
        ("env:A", ("secrets",)),
    ],
    ids=[
        "none",
        "nine",
        "empty",
        "unset",
        "number",
        "unset in a table",
        "no zone",
        "unknown key",
        "never",
        "no list",
    ],
)
def test_secrets_that_cannot_be_used_stop_the_start(secrets, place):
    """S2: a receiver without a secret that works refuses to start, and names the place in the file."""
    assert place == places({"secrets": secrets}, A="one")[0]


@pytest.mark.parametrize("name", ["", "X Y", "X:", "é", "X\n", "x" * 65, "(X)"], ids=repr)
def test_a_header_must_have_a_name_that_http_allows(name):
    """A header that can never arrive would reject every delivery, at three in the morning."""
    assert [("header",)] == places({"header": name})
