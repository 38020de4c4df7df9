"""Which code runs here, as a dead letter keeps it."""

import importlib
import sys

from workers import provenance


def test_a_corrected_module_has_another_digest(tmp_path, monkeypatch):
    """The name alone would say the same of the code with the bug and of the code without."""
    monkeypatch.syspath_prepend(tmp_path)
    source = tmp_path / "corrected_actions.py"
    source.write_text("x = 1\n")
    importlib.import_module("corrected_actions")
    before = provenance.module("corrected_actions")

    source.write_text("x = 2\n")

    assert before.startswith("corrected_actions ")
    assert before != provenance.module("corrected_actions")
    del sys.modules["corrected_actions"]


def test_a_module_without_a_file_is_only_named():
    """What cannot be told is left out; it is no reason to fail."""
    assert "sys" == provenance.module("sys")
