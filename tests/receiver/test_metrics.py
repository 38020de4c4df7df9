"""What `/metrics` says: numbers that somebody is woken up by."""

from receiver.metrics import Seen, SpoolSeen, text
from receiver.spool_store import Standing

NOW_MS = 1_700_000_090_500
WAITING = Standing(waiting=3, since=1_700_000_000_000, used_bytes=50_000, max_bytes=268_435_456)


def seen(**spools: SpoolSeen) -> Seen:
    return Seen(ready=True, writable=False, now_ms=NOW_MS, spools=spools)


def spool(standing: Standing | None) -> SpoolSeen:
    return SpoolSeen(standing=standing, kept=5, drained=2, refused=1)


def samples(found: str) -> dict[str, str]:
    """Return value by name and labels."""
    return dict(line.rsplit(" ", 1) for line in found.splitlines() if not line.startswith("#"))


def test_each_number_of_a_spool_stands_under_its_source():
    """Each source's owner is another one to wake."""
    empty = Standing(max_bytes=268_435_456)

    found = samples(text(seen(github=spool(WAITING), shop=spool(empty))))

    assert found == {
        "orderhook_ready": "1",
        "orderhook_redis_writable": "0",
        'orderhook_spool_usable{source="github"}': "1",
        'orderhook_spool_usable{source="shop"}': "1",
        'orderhook_spool_waiting_events{source="github"}': "3",
        'orderhook_spool_waiting_events{source="shop"}': "0",
        'orderhook_spool_oldest_age_seconds{source="github"}': "90.5",
        'orderhook_spool_oldest_age_seconds{source="shop"}': "0",
        'orderhook_spool_used_bytes{source="github"}': "50000",
        'orderhook_spool_used_bytes{source="shop"}': "0",
        'orderhook_spool_max_bytes{source="github"}': "268435456",
        'orderhook_spool_max_bytes{source="shop"}': "268435456",
        'orderhook_spool_kept_total{source="github"}': "5",
        'orderhook_spool_kept_total{source="shop"}': "5",
        'orderhook_spool_drained_total{source="github"}': "2",
        'orderhook_spool_drained_total{source="shop"}': "2",
        'orderhook_spool_refused_total{source="github"}': "1",
        'orderhook_spool_refused_total{source="shop"}': "1",
    }


def test_what_is_not_known_is_left_out():
    """Nobody knows how many wait in a file that cannot be read, and 0 would say that none does."""
    found = samples(text(seen(github=spool(None))))

    assert "0" == found['orderhook_spool_usable{source="github"}']
    assert not any("waiting" in name or "bytes" in name or "age" in name for name in found)
    assert "5" == found['orderhook_spool_kept_total{source="github"}']


def test_it_is_the_format_that_prometheus_reads():
    """Each family is announced once, with its kind, right before its samples; the last line ends."""
    found = text(seen(github=spool(WAITING), shop=spool(WAITING)))

    assert found.endswith("\n")
    lines = found.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert lines[number - 1].startswith(f"# HELP {name} ")
            assert lines[number + 1].startswith((f"{name} ", f"{name}{{"))
            assert ("counter" if name.endswith("_total") else "gauge") == kind
    assert len(lines) == len(set(lines))


def test_without_a_spool_it_says_whether_it_is_ready():
    """Whoever scrapes it finds something."""
    found = samples(text(Seen(ready=False, writable=True, now_ms=NOW_MS)))

    assert found == {"orderhook_ready": "0", "orderhook_redis_writable": "1"}
