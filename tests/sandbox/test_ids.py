"""Reproducible ids."""

import random
import re
import uuid

from sandbox.ids import Ids


def test_an_id_is_a_version_4_uuid():
    """Clients may check it."""
    assert 4 == uuid.UUID(Ids(random.Random(1)).uuid()).version


def test_the_same_chance_gives_the_same_ids():
    """A run can be told again."""
    one, other = Ids(random.Random(1)), Ids(random.Random(1))

    assert [one.uuid(), one.event_id()] == [other.uuid(), other.event_id()]


def test_an_event_id_needs_no_escaping_in_a_header():
    """Signing schemes join it with dots; it must have none."""
    assert re.fullmatch(r"evt_[0-9a-f]{32}", Ids(random.Random(1)).event_id())
