"""
The command: `python -m benchmarks [ingest] [worker] [--short] [--rounds N]`.
"""

import argparse
import datetime as dt
import os
import platform
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from console.embedded import RedisServer

from . import ingest, worker
from .tables import Loss, Table

RESULTS = Path(__file__).parent / "results.md"
PARTS = {"ingest": ingest.measure, "worker": worker.measure}
ROUNDS = 5
PACKAGES = (
    "uvicorn",
    "uvloop",
    "httptools",
    "starlette",
    "redis",
    "hiredis",
    "rq",
    "aiohttp",
    "fastapi",
    "celery",
    "taskiq",
)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Return what the numbers were measured on."""
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(folder=Path(folder)).start()
        try:
            with redis.client() as client:
                info = client.info("server")
        finally:
            redis.stop()
    server = f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.system()} {platform.machine()}, {python}, {server}, {_versions()}"


def _versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except ImportError:  # PackageNotFoundError: an optional peer
            continue
    return ", ".join(found)


def write(tables: list[Table], rounds: int) -> None:
    today = dt.datetime.now(dt.UTC).date()
    text = (
        "# Measured\n\n"
        f"By `make bench` on {today}: {machine()}.\n\n"
        f"Medians of {rounds} rounds in which all contenders took turns.\n"
        "Each ratio is the median of the rounds' ratios.\n"
        "The server or worker has one core to itself; load, Redis and the stub of the API share the other.\n"
        "A machine's speed drifts, so compare inside a table only.\n\n"
    )
    RESULTS.write_text(text + "\n\n".join(map(str, tables)) + "\n")
    say(f"wrote {RESULTS}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=sys.modules[__package__].__doc__
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{' or '.join(PARTS)}; all by default")
    parser.add_argument(
        "--short", action="store_true", help="a smoke test of seconds: checks losses, not speed"
    )
    parser.add_argument(
        "--rounds", type=int, help=f"turns of every contender; {ROUNDS} by default, 1 if short"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(unknown)}; known: {', '.join(PARTS)}")
    rounds = options.rounds or (1 if options.short else ROUNDS)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that all that was started is ended
    tables = []
    try:
        with tempfile.TemporaryDirectory(prefix="orderhook-bench-") as folder:
            for part in options.parts or PARTS:
                say(f"{part}: {rounds} rounds")
                place = Path(folder) / part
                place.mkdir()
                tables.append(PARTS[part](place, short=options.short, rounds=rounds, say=say))
    except (Loss, RuntimeError) as error:
        say(f"FAILED: {error}")
        return 1
    print("\n\n".join(map(str, tables)))
    if not options.short and len(tables) == len(PARTS):
        write(tables, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
