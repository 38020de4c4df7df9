"""The processes of a demonstration, one by one."""

import subprocess
import sys

import pytest

from console.dev import children
from console.dev.children import Child
from console.errors import Failed
from tests.support.processes import runs
from tests.support.waiting import until


def a_child(tmp_path, code: str, *, grace_s: float = 5.0) -> Child:
    """Return a child that runs *code* and says when it is there."""
    log = tmp_path / "child.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", f"{code}\nprint('there')\nimport time; time.sleep(600)"],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    until(lambda: b"there" in log.read_bytes() or process.poll() is not None, what="the child is there")
    return Child(name="receiver", process=process, log=log, grace_s=grace_s)


def test_a_child_that_ends_by_itself_shows_the_end_of_its_log(tmp_path):
    """The reason stands there, and nobody should have to look for the file."""
    child = a_child(tmp_path, "print('port is taken'); raise SystemExit(3)")

    with pytest.raises(Failed) as caught:
        child.check()

    assert "the receiver ended by itself (exit code 3); its log ends:\n    port is taken" == str(caught.value)


def test_a_child_that_is_killed_names_the_signal(tmp_path):
    """Out of memory looks like this."""
    child = a_child(tmp_path, "")
    child.process.kill()
    child.process.wait()

    with pytest.raises(Failed, match="signal SIGKILL"):
        child.check()


def test_a_child_is_asked_before_it_is_ended(tmp_path):
    """What is under way may finish."""
    child = a_child(tmp_path, "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))")

    child.stop()

    assert 0 == child.process.returncode


def test_a_child_that_does_not_listen_is_ended_with_its_group(tmp_path):
    """Ctrl-C must end in a free terminal, whatever hangs."""
    code = "import signal, subprocess; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = a_child(tmp_path, code + "print(subprocess.Popen(['sleep', '600']).pid)", grace_s=0.2)
    grandchild = int(child.log.read_text().split()[0])

    child.stop()

    assert -9 == child.process.returncode
    until(lambda: not runs(grandchild), what="what it has started is gone too")


def test_all_are_stopped_in_the_order_given(tmp_path):
    """What sends first, what takes in next: else the sender sees refused connections on every stop."""
    both = [a_child(tmp_path, ""), a_child(tmp_path, "")]

    children.stop_all(both, within_s=5)

    assert [-15, -15] == [child.process.returncode for child in both]


def test_a_log_is_shown_by_its_last_lines(tmp_path):
    """A screen, not a scroll."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))

    assert 15 == len(children.tail(log).splitlines())
    assert "    line 9999" == children.tail(log).splitlines()[-1]
