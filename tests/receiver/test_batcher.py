"""Items that arrive during a round trip go together in the next, and each gets its own answer or error."""

import asyncio

import pytest

from receiver.batcher import Batcher


class Sends:
    """What a batcher sends to; each round trip waits for its gate, and answers in capitals."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.failures: dict[str, Exception] = {}
        self.answers: list[str] | None = None

    async def __call__(self, items, oldest):
        assert oldest <= asyncio.get_running_loop().time()
        self.batches.append(list(items))
        self.begun.set()
        await self.gate.wait()
        for item in items:
            if item in self.failures:
                raise self.failures[item]
        return self.answers if self.answers is not None else [item.upper() for item in items]


@pytest.fixture(name="sends")
async def _sends(anyio_backend):
    return Sends()


@pytest.fixture(name="batcher")
async def _batcher(sends):
    batcher = Batcher[str, str](sends, max_items=3)
    yield batcher
    await batcher.close()


async def under_way(sends, batcher, item="first"):
    """Put one item and return its future once its round trip is under way."""
    future = batcher.put(item)
    await sends.begun.wait()
    return future


@pytest.mark.anyio
async def test_the_first_item_waits_for_nobody(sends, batcher):
    """A quiet receiver answers after one round trip, not after a timer."""
    sends.gate.set()

    assert "A" == await batcher.put("a")
    assert [["a"]] == sends.batches


@pytest.mark.anyio
async def test_what_arrives_meanwhile_goes_together(sends, batcher):
    """One round trip and one fsync for all of them."""
    first = await under_way(sends, batcher)
    rest = [batcher.put(item) for item in ("b", "c")]
    assert 2 == len(batcher)

    sends.gate.set()

    assert ["FIRST", "B", "C"] == await asyncio.gather(first, *rest)
    assert [["first"], ["b", "c"]] == sends.batches


@pytest.mark.anyio
async def test_a_batch_is_bounded_in_items(sends, batcher):
    """A batch must not stall the other side."""
    first = await under_way(sends, batcher)
    rest = [batcher.put(item) for item in "bcdef"]
    sends.gate.set()

    await asyncio.gather(first, *rest)

    assert [["first"], ["b", "c", "d"], ["e", "f"]] == sends.batches


@pytest.mark.anyio
async def test_a_batch_is_bounded_in_weight(sends):
    """The item that reaches the limit is the last one; a single heavy one still goes."""
    batcher = Batcher[str, str](sends, max_items=10, weigh=len, max_weight=4)
    first = await under_way(sends, batcher)
    rest = [batcher.put(item) for item in ("aa", "bbbbbb", "c")]
    sends.gate.set()

    await asyncio.gather(first, *rest)

    assert [["first"], ["aa", "bbbbbb"], ["c"]] == sends.batches
    await batcher.close()


@pytest.mark.anyio
async def test_an_error_reaches_everybody_in_the_batch_and_nobody_else(sends, batcher):
    """The next batch is a new attempt."""
    sends.failures["b"] = OSError("gone")
    first = await under_way(sends, batcher)
    batch = [batcher.put(item) for item in "abc"]
    after = batcher.put("d")
    sends.gate.set()

    results = await asyncio.gather(first, *batch, after, return_exceptions=True)

    gone = sends.failures["b"]
    assert ["FIRST", gone, gone, gone, "D"] == results


@pytest.mark.anyio
async def test_all_that_waits_can_be_given_up(sends, batcher):
    """Where the next batch would fail like this one, nobody waits for it."""
    first = await under_way(sends, batcher)
    waiting = batcher.put("b")

    batcher.fail_waiting(OSError("gone"))
    sends.gate.set()

    with pytest.raises(OSError, match="gone"):
        await waiting
    assert "FIRST" == await first
    assert "C" == await batcher.put("c")


@pytest.mark.anyio
async def test_a_wrong_number_of_answers_is_an_error_and_no_end(sends, batcher):
    """Answers that cannot be told apart are no answers; and the sender's loop must survive them."""
    sends.gate.set()
    sends.answers = ["only one", "and another"]

    with pytest.raises(ValueError, match="longer"):
        await batcher.put("a")
    sends.answers = None

    assert "B" == await batcher.put("b")


@pytest.mark.anyio
async def test_one_who_went_away_disturbs_nobody(sends, batcher):
    """A request that was cancelled still stands in its batch."""
    gone = await under_way(sends, batcher)
    stays = batcher.put("b")
    gone.cancel()
    sends.gate.set()

    assert "B" == await stays
    assert gone.cancelled()


@pytest.mark.anyio
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
async def test_closing_cancels_who_still_waits(sends, answered):
    """Nobody hangs for ever on a batcher that is no more."""
    batcher = Batcher[str, str](sends, max_items=1)
    in_flight = await under_way(sends, batcher)
    waiting = batcher.put("b")
    if answered:
        sends.gate.set()
        await in_flight
        await waiting

    await batcher.close()

    assert (answered, answered) == (not in_flight.cancelled(), not waiting.cancelled())
