"""Which processes there are: by pid, or by a mark in the environment that they have inherited."""

from pathlib import Path


def runs(pid: int) -> bool:
    """Return whether a process runs; one that nobody has reaped yet has ended all the same."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def marked(mark: str) -> dict[int, str]:
    """Return pid and command line of every running process that has *mark* in its environment."""
    return {pid: _command(pid) for pid in _pids() if runs(pid) and mark.encode() in _environment(pid)}


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it has ended meanwhile, or is somebody else's
        return b""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(ended)"
