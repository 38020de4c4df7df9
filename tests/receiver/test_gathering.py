"""What is written in one turn of the event loop leaves in one packet, in order and whole."""

import asyncio

import pytest

from receiver.gathering import GatheringTransport


class Line(asyncio.Transport):
    """The transport below: remembers each write, as each would be a packet."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.packets: list[bytes] = []
        self.events: list[str] = []
        self.closing = False

    def write(self, data):
        assert not self.closing, "uvloop raises here"
        self.packets.append(data)

    def is_closing(self):
        return self.closing

    def close(self):
        self.closing = True
        self.events.append("closed")

    def abort(self):
        self.closing = True
        self.events.append("aborted")

    def pause_reading(self):
        self.events.append("paused")

    def resume_reading(self):
        self.events.append("resumed")


@pytest.fixture(name="line")
async def _line(anyio_backend):
    return Line()


@pytest.fixture(name="transport")
async def _transport(line):
    return GatheringTransport(line, asyncio.get_running_loop())


async def a_turn():
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_head_and_body_go_in_one_packet(line, transport):
    """Two packets are two wake-ups for the sender, and two system calls for us."""
    transport.write(b"head ")
    transport.write(b"body")

    await a_turn()

    assert [b"head body"] == line.packets


@pytest.mark.anyio
async def test_the_next_turn_is_another_packet(line, transport):
    """An answer must not wait for the one after it."""
    transport.write(b"first")
    await a_turn()
    transport.write(b"second")
    await a_turn()

    assert [b"first", b"second"] == line.packets


@pytest.mark.anyio
async def test_closing_sends_what_waits(line, transport):
    """The answer to a request that is refused is written and the connection closed in one turn."""
    transport.write(b"refused")
    transport.close()
    await a_turn()

    assert [b"refused"] == line.packets
    assert ["closed"] == line.events


@pytest.mark.anyio
async def test_nothing_is_written_once_the_sender_is_gone(line, transport):
    """Writing to a closed transport of uvloop raises, where nobody could handle it."""
    transport.write(b"too late")
    line.closing = True
    await a_turn()

    assert transport.is_closing()
    assert [] == line.packets


@pytest.mark.anyio
async def test_aborting_drops_what_waits(line, transport):
    """Who aborts wants nothing more to be sent."""
    transport.write(b"dropped")
    transport.abort()
    await a_turn()

    assert [] == line.packets
    assert ["aborted"] == line.events


@pytest.mark.anyio
async def test_all_else_is_the_line_s_own(line, transport):
    """Flow control must reach the socket, or a slow sender fills our memory."""
    transport.pause_reading()
    transport.resume_reading()

    assert ["paused", "resumed"] == line.events
    assert ("127.0.0.1", 1) == transport.get_extra_info("peername")
    assert "none" == transport.get_extra_info("nothing", "none")
