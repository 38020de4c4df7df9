"""The whole system, one per test, ended with it."""

from collections.abc import Iterator

import pytest

from tests.support.system import System


@pytest.fixture(name="system")
def _system(tmp_path) -> Iterator[System]:
    """A system whose Redis runs; whatever a test starts is ended, and no log may hold a traceback."""
    system = System(tmp_path)
    system.redis.start()
    yield system
    system.end()
    assert [] == [log[log.index("Traceback") :][:2000] for log in system.logs() if "Traceback" in log]
