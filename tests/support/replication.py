"""A primary, its replicas, and sentinels that watch them: each a real process on loopback."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis

from console.embedded import RedisServer, find_server, free_port
from tests.support.waiting import until

#: A primary waits 5 s for further replicas before it sends its data to the first.
AT_ONCE = ("--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes")
#: What sentinels call the primary here.
NAME = "orders"


@contextlib.contextmanager
def replicated(folder: Path, *, link: int = 0) -> Iterator[list[RedisServer]]:
    """Yield a primary and a replica that follows it, through the port *link* if given."""
    primary, replica = (RedisServer(folder=folder / name, options=AT_ONCE) for name in ("one", "two"))
    try:
        primary.start()
        replica.start()
        follow(replica, link or primary.port)
        yield [primary, replica]
    finally:
        for server in (primary, replica):
            server.stop()


def follow(server: RedisServer, port: int) -> None:
    """Make a server a replica of the one at that port, and wait until it has its data."""
    with server.client() as client:
        client.replicaof("127.0.0.1", port)
        until(lambda: in_step(client), within_s=20, what="the replica follows")


def in_step(client: "redis.Redis") -> bool:
    """Return whether a replica has its primary's data and hears of what follows."""
    return client.info("replication").get("master_link_status") == "up"


def promote(server: RedisServer) -> None:
    """Make a server a primary, whatever it was."""
    with server.client() as client:
        client.replicaof("NO", "ONE")


def freeze(server: RedisServer) -> None:
    """Stop the process, as a pause of its machine would."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)


def thaw(server: RedisServer) -> None:
    """Let a frozen process go on."""
    assert server.process is not None
    server.process.send_signal(signal.SIGCONT)


@dataclass(slots=True, kw_only=True)
class Sentinels:
    """Three sentinels that watch one primary; two must agree that it is down."""

    folder: Path
    primary_port: int
    #: Milliseconds without an answer after which a sentinel takes a server for down.
    down_after_ms: int = 1500
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in range(3)])
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"redis+sentinel://{hosts}/{NAME}/0"

    def start(self) -> None:
        """Start them and wait until they know each other and the replicas."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for port in self.ports:
            config = self.folder / f"{port}.conf"
            config.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {self.folder}\n"
                f"sentinel monitor {NAME} 127.0.0.1 {self.primary_port} 2\n"
                f"sentinel down-after-milliseconds {NAME} {self.down_after_ms}\n"
                f"sentinel failover-timeout {NAME} 2000\n"
            )
            with (self.folder / f"{port}.log").open("ab") as log:
                self.processes.append(
                    subprocess.Popen(
                        [str(find_server()), str(config), "--sentinel"],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
        until(self._know_each_other, within_s=30, what="the sentinels know each other and the replica")

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()

    def kill(self, number: int) -> None:
        """End one of them as a crash would."""
        self.processes[number].kill()
        self.processes[number].wait()

    def state(self, number: int = 0) -> dict[str, object]:
        """Return what one of them says of the primary; nothing where it does not answer."""
        with contextlib.suppress(redis.RedisError), self.ask(number) as client:
            return client.sentinel_master(NAME)
        return {}

    def could_fail_over(self) -> bool:
        """Return whether every sentinel takes the primary and its replica for up."""
        return all(self._sees_a_pair(number) for number in range(len(self.ports)))

    def fail_over(self) -> None:
        """Ask for a failover without a fault, as an operator does."""
        with self.ask() as client:
            client.execute_command("SENTINEL FAILOVER", NAME)

    def now_primary(self) -> int:
        """Return the port of the primary, as the first sentinel says."""
        return int(self.state().get("port", 0))  # type: ignore[call-overload]

    def ask(self, number: int = 0) -> "redis.Redis":
        """Return a client of one of them."""
        return redis.Redis(port=self.ports[number], decode_responses=True, socket_timeout=2, retry=None)

    def _sees_a_pair(self, number: int) -> bool:
        with contextlib.suppress(redis.RedisError), self.ask(number) as client:
            replicas = client.sentinel_slaves(NAME)
            return client.sentinel_master(NAME)["flags"] == "master" and "slave" in {
                one["flags"] for one in replicas
            }
        return False

    def _know_each_other(self) -> bool:
        knows = [self.state(number).get("num-other-sentinels") for number in range(len(self.ports))]
        return knows == [len(self.ports) - 1] * len(self.ports) and self.could_fail_over()
