"""
Finding the file and reading TOML: what is said when it is not there or is none.
"""

from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.config import ConfigError, RawConfig, read_config


def problem_of(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(environ={}, path=path)
    (problem,) = caught.value.problems
    assert str(path) == problem.where
    return str(problem)


def test_without_a_file_every_setting_has_its_default(tmp_path):
    """The first start needs no file."""
    with chdir(tmp_path):
        raw = read_config(environ={})

    assert (None, {}, ()) == (raw.path, raw.values, raw.problems)


def test_the_file_of_the_working_folder_is_read(tmp_path):
    """What stands beside the Procfile is what is meant."""
    (tmp_path / "orderhook.toml").write_text("a = 1")

    with chdir(tmp_path):
        raw = read_config(environ={})

    assert {"a": 1} == raw.values


def test_the_variable_names_the_file(tmp_path):
    """Deployments mount the file where they like."""
    (tmp_path / "other.toml").write_text("a = 1")

    raw = read_config(environ={"ORDERHOOK_CONFIG": str(tmp_path / "other.toml")})

    assert ({"a": 1}, tmp_path) == (raw.values, raw.folder)


def test_an_empty_variable_names_no_file(tmp_path):
    """Compose files pass variables that are empty where they mean unset."""
    with chdir(tmp_path):
        assert read_config(environ={"ORDERHOOK_CONFIG": ""}).path is None


def test_a_named_file_that_is_not_there_is_a_problem(tmp_path):
    """A typing error in a deployment must not start the service with defaults."""
    with pytest.raises(ConfigError) as caught:
        read_config(environ={"ORDERHOOK_CONFIG": str(tmp_path / "no.toml")})

    assert [
        f"{tmp_path / 'no.toml'}",
        "  cannot be read (No such file or directory); expected a TOML file",
    ] == str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b"a = 1\nb = \n", "line 2, column 5: Invalid value; expected TOML", id="place-in-the-middle"
        ),
        pytest.param(
            b"a = 1\n[b",
            "line 2, column 3: Expected ']' at the end of a table declaration; expected TOML",
            id="end",
        ),
        pytest.param(
            b"a = 1\na = 2", "line 2, column 6: Cannot overwrite a value; expected TOML", id="key-twice"
        ),
        pytest.param(b"a = '\xff'", "byte 5 is not UTF-8; expected TOML in UTF-8", id="not-utf-8"),
        pytest.param(
            b"a = " + b"[" * 5_000, "nested too deeply, or a number too long; expected TOML", id="too-deep"
        ),
        pytest.param(
            b"a = " + b"9" * 5_000, "nested too deeply, or a number too long; expected TOML", id="too-long"
        ),
    ],
)
def test_what_is_no_toml_is_said_with_its_place(tmp_path, text, expected):
    """Line and column are what an editor jumps to."""
    path = tmp_path / "orderhook.toml"
    path.write_bytes(text)

    assert expected == problem_of(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(Path("/"), "cannot be read (Is a directory); expected a TOML file", id="folder"),
        pytest.param(Path("/a\0b"), "cannot be read (no usable path); expected a TOML file", id="nul"),
    ],
)
def test_what_is_no_file_is_said(path, expected):
    """A mount that is missing leaves a folder in its place."""
    assert expected == problem_of(path)


def test_the_error_of_a_broken_file_holds_nothing_of_it(tmp_path):
    """Newer Pythons keep the whole document in the parser's error, which a crash report would send."""
    path = tmp_path / "orderhook.toml"
    path.write_text("token = 'canary'\nb = ")

    with pytest.raises(ConfigError) as caught:
        read_config(environ={}, path=path)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "canary" not in str(caught.value)


def test_raw_values_are_not_shown():
    """They hold literal tokens, and the environment holds everything."""
    raw = RawConfig(path=None, values={"a": "canary"}, origins={}, environ={"A": "canary"})

    assert "canary" not in repr(raw)


def test_who_gave_a_value_is_known():
    """A problem sends its reader to the right place: the variable, or the file."""
    raw = read_config(environ={"ORDERHOOK_A__B": "1"})

    assert "environment ORDERHOOK_A__B" == raw.origin(("a", "b"))
    assert "environment ORDERHOOK_A__B" == raw.origin(("a", "c"))
    assert "orderhook.toml" == raw.origin(("b",))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text("[]{}=.,\"'\n#ab1-: \\u", max_size=40).map(str.encode))
def test_any_file_is_read_or_refused(tmp_path, text):
    """A file is what an editor or a disk left behind."""
    path = tmp_path / "any.toml"
    path.write_bytes(text)

    try:
        raw = read_config(environ={}, path=path)
    except ConfigError as error:
        (problem,) = error.problems
    else:
        assert isinstance(raw.values, dict)
        return
    assert str(path) == problem.where
