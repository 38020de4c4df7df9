"""Logs of every origin in one shape: structlog's, the standard library's, and tracebacks."""

import json
import subprocess
import sys

LINES = """
import logging
from receiver import logs
import structlog
logs.set_up()
structlog.get_logger().info("ours", source="shop\\nx")
logging.getLogger("uvicorn.error").warning("theirs %s", "yes")
logging.getLogger("uvicorn.error").debug("too much")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("broken")
"""


def test_elsewhere_than_on_a_terminal_each_line_is_json():
    """Whatever collects logs reads one shape, and a traceback is one line of it."""
    run = subprocess.run([sys.executable, "-c", LINES], capture_output=True, check=True, text=True)

    ours, theirs, broken = (json.loads(line) for line in run.stderr.splitlines())
    assert {"event": "ours", "level": "info", "source": "shop\nx"}.items() <= ours.items()
    assert {"event": "theirs yes", "level": "warning"}.items() <= theirs.items()
    assert ("broken", "error") == (broken["event"], broken["level"])
    assert "ZeroDivisionError" in broken["exception"]
    assert {"timestamp"} <= set(ours) & set(theirs) & set(broken)


def test_nothing_goes_to_standard_output():
    """Data goes to stdout, talk to stderr."""
    run = subprocess.run([sys.executable, "-c", LINES], capture_output=True, check=True, text=True)

    assert "" == run.stdout
