"""Whether a port can be listened on."""

import socket

import pytest

from console.errors import Misuse
from console.ports import check_free


def test_a_taken_port_names_itself_and_the_option():
    """`address already in use` alone sends people to a search engine."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Misuse, match=rf"port {port} .* --receiver-port \(0 takes any free one\)"):
            check_free("127.0.0.1", port, option="--receiver-port")


def test_a_port_that_was_just_left_is_free():
    """A restart must not wait for the kernel to forget the last connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as near, server.accept()[0]:
            near.close()

    check_free("127.0.0.1", port, option="--port")


def test_any_free_port_is_always_free():
    """0 stands for the one that the system chooses."""
    check_free("127.0.0.1", 0, option="--port")
