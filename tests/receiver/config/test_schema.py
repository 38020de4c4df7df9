"""
What a model expects at a path, in words.
"""

from datetime import datetime
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from receiver.config import schema_of
from receiver.config.schema import choices, described, kinds, known_keys, node_at


class Cat(BaseModel):
    type: Literal["cat"]
    lives: int = Field(default=9, ge=1, le=9)


class Dog(BaseModel):
    type: Literal["dog"]
    bark: float = Field(gt=0)


class Farm(BaseModel):
    animals: dict[
        Annotated[str, Field(pattern="^[a-z]+$")], Annotated[Cat | Dog, Field(discriminator="type")]
    ]
    plain: dict[str, int] = {}
    friends: list[Cat] = Field(default=[], min_length=2)
    names: list[str] = Field(default=[], min_length=1)
    colour: Literal["red", "blue"] | None = None
    weight: Annotated[float, Field(ge=1)] | str = 1.0
    since: datetime | None = None
    spot: Annotated[str, Field(pattern="^a$")] | None = Field(
        default=None, json_schema_extra={"expected": "an a"}
    )
    tail: str = Field(default="x", min_length=1, pattern="x")
    best: Cat | None = None
    either: Cat | list[str] | None = None


ROOT = schema_of(Farm)


def at(*path, values=None):
    return node_at(ROOT, path, values or {})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("animals",), "a table", id="table"),
        pytest.param(("animals", "a"), 'a table with type = "cat" or "dog"', id="told-apart-by-type"),
        pytest.param(("plain", "a"), "a whole number", id="free-key"),
        pytest.param(("friends",), "a list of at least 2", id="list"),
        pytest.param(("friends", 0, "lives"), "a whole number from 1 to 9", id="inside-a-list"),
        pytest.param(("names",), "a list that is not empty", id="some"),
        pytest.param(("colour",), '"red" or "blue"', id="words"),
        pytest.param(("weight",), "a number of at least 1 or text", id="either"),
        pytest.param(("since",), "a date and time with zone", id="time"),
        pytest.param(("spot",), "an a", id="own-words"),
        pytest.param(("tail",), "text that matches x that is not empty", id="text"),
        pytest.param(("best", "lives"), "a whole number from 1 to 9", id="optional"),
        pytest.param(("nothing", "there"), "a value", id="unknown"),
        pytest.param(("plain", "a", "b", 0), "a value", id="below-a-scalar"),
    ],
)
def test_it_is_said_in_words(path, expected):
    """Problems and the reference page say the same, because both say this."""
    assert expected == described(at(*path))


def test_values_tell_which_member_of_a_union_is_meant():
    """A key of one scheme must not be offered for another."""
    values = {"animals": {"a": {"type": "dog"}, "b": {"type": "cow"}, "c": {"type": ["dog"]}}}

    assert ("type", "bark") == known_keys(at("animals", "a", values=values))
    assert () == known_keys(at("animals", "b", values=values))
    assert () == known_keys(at("animals", "c", values=values))
    assert "a number above 0" == described(at("animals", "a", "bark", values=values))


def test_the_kind_of_a_value_tells_it_too():
    """A table is checked as a table even where a list would do."""
    assert ("type", "lives") == known_keys(at("either", values={"either": {}}))
    assert "a list" == described(at("either", values={"either": []}))
    assert frozenset({"array"}) == kinds(at("either", values={"either": []}))


def test_closed_sets_are_known():
    """They are shown as they are, and the nearest one is offered."""
    assert ("red", "blue") == choices(at("colour"))
    assert ("cat", "dog") == choices(at("animals", "a"))
    assert () == choices(at("tail"))
