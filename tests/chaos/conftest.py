"""
What every chaos scenario is given: a seed, a scale, a system that is checked at its end, and a row in the table.

Set by environment: CHAOS_SEED (drawn if unset), CHAOS_SCALE (1.0 are the catalogue's numbers), CHAOS_SECONDS (how long
the mixed run lasts), CHAOS_TABLE (a file that gets the table, too).
"""

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest

from tests.support.processes import marked
from tests.support.system import System
from tests.support.waiting import until

#: Seconds a scenario may take unless it is marked with `within(seconds)`.
WITHIN_S = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one scenario was to show, and what it showed."""

    scenario: str
    criterion: str
    reached: str


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of the suite: what it was given, and what it showed."""

    seed: int
    scale: float
    seconds: float
    table: Path | None
    rows: list[Row] = field(default_factory=list)

    @property
    def heading(self) -> str:
        return f"CHAOS_SEED={self.seed} CHAOS_SCALE={self.scale:g} CHAOS_SECONDS={self.seconds:g}"


RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"within(seconds, times=0): how long the scenario may take, and how often CHAOS_SECONDS more; {WITHIN_S} if unset",
    )
    config.addinivalue_line("markers", "short: one of those that run before each change lands")
    table = os.environ.get("CHAOS_TABLE")
    config.stash[RUN] = Run(
        seed=int(os.environ.get("CHAOS_SEED") or random.SystemRandom().getrandbits(32)),
        scale=float(os.environ.get("CHAOS_SCALE") or 1),
        seconds=float(os.environ.get("CHAOS_SECONDS") or 300),
        table=Path(table) if table else None,
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Say the seed first: a run that is broken off can be run again."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(session.config.stash[RUN].heading)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table of what was shown, and write it where CHAOS_TABLE says."""
    run = config.stash[RUN]
    if not run.rows:
        return
    terminalreporter.section(run.heading)
    terminalreporter.write("\n".join(_plain(run.rows)) + "\n")
    if run.table:
        run.table.write_text("\n".join([f"`{run.heading}`", "", *_markdown(run.rows)]) + "\n")


def _plain(rows: list[Row]) -> Iterator[str]:
    wide = max(len(row.scenario) for row in rows)
    for row in rows:
        yield f"{row.scenario:<{wide}}  wanted:  {row.criterion}"
        yield f"{'':<{wide}}  reached: {row.reached}"


def _markdown(rows: list[Row]) -> Iterator[str]:
    yield "| scenario | wanted | reached |"
    yield "|---|---|---|"
    for row in rows:
        yield f"| {row.scenario} | {row.criterion} | {row.reached} |"


@pytest.fixture(name="run")
def _run(request: pytest.FixtureRequest) -> Run:
    """This run of the suite."""
    return request.config.stash[RUN]


@pytest.fixture(name="seed")
def _seed(run: Run) -> int:
    """What everything random of this run is drawn from."""
    return run.seed


@pytest.fixture(name="chance")
def _chance(run: Run, request: pytest.FixtureRequest) -> random.Random:
    """A generator of the scenario's own: it draws the same whether it runs alone or with others."""
    return random.Random(f"{run.seed} {request.node.name}")


@pytest.fixture(name="scaled")
def _scaled(run: Run) -> Callable[..., int]:
    """Return the catalogue's number at the scale of this run, and no less than *least*."""

    def scaled(number: float, least: int = 1) -> int:
        return max(least, round(number * run.scale))

    return scaled


@pytest.fixture(name="seconds")
def _seconds(run: Run) -> float:
    """How long the mixed run lasts."""
    return run.seconds


@pytest.fixture(name="shown")
def _shown(run: Run) -> Callable[..., None]:
    """Put a row into the table; to be called behind the assertions."""

    def shown(scenario: str, *, criterion: str, reached: str) -> None:
        run.rows.append(Row(scenario=scenario, criterion=criterion, reached=reached))

    return shown


@pytest.fixture(name="system")
def _system(tmp_path: Path) -> Iterator[System]:
    """A system whose Redis runs and takes DEBUG; at its end no log holds a traceback, and no process is left."""
    system = System(tmp_path)
    system.redis.options = ("--enable-debug-command", "yes")
    system.redis.start()
    yield system
    system.end()
    mark = system.environment["ORDERHOOK_CONFIG"]
    with contextlib.suppress(AssertionError):  # then the next line says which
        until(lambda: not marked(mark), within_s=20)
    assert {} == marked(mark)
    assert [] == [log[log.index("Traceback") :][:2000] for log in system.logs() if "Traceback" in log]


@pytest.fixture(autouse=True)
def _bounded(run: Run, request: pytest.FixtureRequest) -> Iterator[None]:
    """A scenario that hangs fails, and the next one runs."""
    mark = request.node.get_closest_marker("within")
    within_s = int(mark.args[0] + mark.kwargs.get("times", 0) * run.seconds) if mark else WITHIN_S

    def late(_sign: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"not over after {within_s} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(within_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
