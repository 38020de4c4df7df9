"""The model's stories by the hundred, others with each seed; `tests/workers/test_model.py` tells the same few each time."""

import pytest

from tests.support.machine import check


@pytest.mark.within(600)
def test_p9_events_and_lanes_do_what_the_model_does(redis_server, scaled, seed, shown):
    """Accept, claim, step, end, replay, discard, crash, sweep and retention in any order, with tokens that are not theirs."""
    examples, steps = scaled(200, least=6), 50

    with redis_server.client() as client:
        check(client, redis_server.url, examples=examples, steps=steps, seed=seed)

    shown(
        "P9",
        criterion="no difference to the model",
        reached=f"none in {examples} stories of up to {steps} steps",
    )
