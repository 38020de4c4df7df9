"""
Whether a port can be listened on, found out before anything is started.
"""

import socket

from .errors import Misuse


def check_free(host: str, port: int, *, option: str) -> None:
    """
    Return if *port* can be listened on; port 0 always can.

    Raises:
        Misuse: It is taken, or the address is not this machine's; names the option that chooses another.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: a port that only remembers a closed connection is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misuse(
                f"port {port} on {host} cannot be listened on: {error.strerror}; choose another with {option} "
                "(0 takes any free one)"
            ) from error
