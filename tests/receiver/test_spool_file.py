"""The spool's file as a file: private, written through to the disk, found again, and its troubles told in our words."""

import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from receiver.spool_file import SpoolBroken, SpoolFile, file_system, looking, used_bytes
from tests.support.code import ROOT


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / "new" / "spool" / "shop.sqlite3"


@pytest.fixture(name="file")
def _file(path):
    file = SpoolFile(path)
    yield file
    file.close()


def put(file: SpoolFile, event_id: str = "a", event: bytes = b"") -> None:
    with file.writing() as connection:
        connection.execute("INSERT INTO events (id, digest, event) VALUES (?, '', ?)", (event_id, event))


def ids(file: SpoolFile) -> list[str]:
    with file.reading() as connection:
        return [event_id for (event_id,) in connection.execute("SELECT id FROM events ORDER BY seq")]


def test_it_is_made_with_its_folders_and_for_us_alone(file, path):
    """Bodies name customers: nobody else on the machine may read them."""
    put(file)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0o700 == stat.S_IMODE(path.parent.stat().st_mode)
    assert {0o600} == {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}


def test_each_commit_is_synced_by_journal_and_cut(file):
    """FULL or more syncs each commit; TRUNCATE leaves no old body in a journal, and needs no WAL, which had a bug."""
    put(file)

    with file.reading() as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
    assert ("truncate", 3) == (mode, level)


def test_what_is_not_committed_is_undone(file):
    """A process that dies in between leaves nothing half done either."""
    put(file, "kept")
    file.begin()
    with file.reading() as connection:
        connection.execute("INSERT INTO events (id, digest, event) VALUES ('lost', '', '')")
    file.close()

    assert ["kept"] == ids(file)


def test_a_file_that_somebody_took_away_is_made_anew(file, path):
    """What is written into a deleted file is acknowledged, and gone with the process."""
    put(file, "before")
    path.unlink()

    put(file, "after")

    assert ["after"] == ids(file)
    assert path.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: (path.parent.mkdir(parents=True), path.write_bytes(b"not a database" * 100)),
        lambda path: (path.parent.parent.mkdir(), path.parent.write_text("a file")),
        lambda path: path.mkdir(parents=True),
    ],
    ids=["not SQLite", "the folder is a file", "the file is a folder"],
)
def test_a_file_that_cannot_be_used_is_told_with_its_path(file, path, spoil):
    """An operator must find it."""
    spoil(path)

    with pytest.raises(SpoolBroken, match=str(path)):
        put(file)


def test_trouble_passes(file, path):
    """A disk that had no room for a moment, or a folder that was not mounted yet: nobody has to restart anything."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(SpoolBroken):
        put(file)
    path.unlink()

    put(file, "after")

    assert ["after"] == ids(file)


def test_two_processes_write_in_turns(file, path):
    """Each waits its turn, and neither is turned away."""
    put(file, "first")
    code = f"""
import sys
from pathlib import Path
from receiver.spool_file import SpoolFile
file = SpoolFile(Path({str(path)!r}))
for n in range(50):
    with file.writing() as connection:
        connection.execute("INSERT INTO events (id, digest, event) VALUES (?, '', '')", (f"theirs-{{n}}",))
"""
    other = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)

    for n in range(50):
        put(file, f"ours-{n}")
    assert 0 == other.wait(30)

    assert {"first", *(f"{who}-{n}" for who in ("ours", "theirs") for n in range(50))} == set(ids(file))


def test_whoever_waits_for_a_turn_is_woken(file, path):
    """SQLite by itself looks again after up to 100 ms, and may find the next one in; under load that is a 503."""
    put(file)
    file.begin()
    written = threading.Event()

    def write() -> None:
        other = SpoolFile(path)
        put(other, "b")
        other.close()
        written.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not written.wait(0.05)
    put(file, "c")  # ends what was begun

    assert written.wait(5)
    thread.join()
    assert ["a", "c", "b"] == ids(file)


def test_who_looks_changes_nothing(file, path):
    """`orderhook doctor` may run as another user, and while receivers write."""
    put(file)
    file.close()
    before = path.read_bytes()

    with looking(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM events")

    assert before == path.read_bytes()


def test_room_that_was_given_back_counts_as_free(file):
    """A spool that was full once would refuse everything ever after."""
    with file.reading() as connection:
        empty = used_bytes(connection)
    put(file, event=bytes(200_000))
    with file.reading() as connection:
        assert used_bytes(connection) >= 200_000
    with file.writing() as connection:
        connection.execute("DELETE FROM events")

    with file.reading() as connection:
        assert used_bytes(connection) <= empty + 4096


def test_the_kind_of_file_system_is_that_of_the_nearest_mount(tmp_path):
    """What is on tmpfs is gone when the machine restarts, and has to be warned of."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vdb /run/disk xfs rw 0 0\nproc /proc proc rw 0 0\n"
    )

    kinds = {
        where: file_system(tmp_path.__class__(where), mounts)
        for where in ("/srv/spool", "/run/x", "/run/disk/x/y")
    }

    assert {"/srv/spool": "ext4", "/run/x": "tmpfs", "/run/disk/x/y": "xfs"} == kinds
    assert "" == file_system(tmp_path, tmp_path / "no such file")
