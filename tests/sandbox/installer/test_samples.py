"""The sample orders of demonstrations."""

import json
import random

import pytest

from sandbox.installer.paths import OPERATIONS
from sandbox.installer.requests import read_order
from sandbox.installer.samples import sample_order
from sandbox.operations import Call


@pytest.mark.parametrize("seed", range(50))
def test_a_sample_passes_every_check(seed):
    """A demonstration that begins with a 422 convinces nobody."""
    body = json.dumps(sample_order(random.Random(seed))).encode()

    order = read_order(Call(operation=OPERATIONS["create_order"], body=body), require_seven=True)

    assert "NO" == order.country_code
    assert order.email.isascii()
    assert order.email.endswith("@example.com")
