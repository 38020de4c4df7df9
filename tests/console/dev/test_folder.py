"""The folder of a demonstration."""

import subprocess

import pytest

from console.dev.folder import Folder
from console.errors import Misuse


@pytest.fixture(name="folder")
def _folder(tmp_path) -> Folder:
    """A folder that is not there yet."""
    return Folder(path=tmp_path / "demo")


def test_two_runs_cannot_share_a_folder(folder):
    """Two Redis servers over one data folder would ruin it."""
    with folder.locked(), pytest.raises(Misuse, match="another orderhook dev runs"), folder.locked():
        pass

    with folder.locked():
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """A read-only checkout, for example."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Misuse, match="--folder"), Folder(path=tmp_path / "file" / "demo").locked():
        pass


def test_secrets_are_kept_for_nobody_else_to_read(folder):
    """They verify deliveries, made up or not."""
    with folder.locked():
        folder.keep_secrets({"A": "b"})
        folder.keep_env({"A": "b"})

    assert {"A": "b"} == folder.secrets()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in (folder.path / "secrets.json", folder.env)}


def test_the_environment_can_be_read_by_a_shell(folder):
    """`. .orderhook/env` in another terminal, and every command reaches this run."""
    with folder.locked():
        folder.keep_env({"ORDERHOOK_X": "it's $HOME"})

    run = subprocess.run(
        ["sh", "-c", f'. {folder.env}; printf "%s" "$ORDERHOOK_X"'],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "it's $HOME" == run.stdout


def test_nothing_of_it_is_committed(folder):
    """A folder with secrets in a checkout ends in a repository sooner or later."""
    with folder.locked():
        assert "*\n" == (folder.path / ".gitignore").read_text()
