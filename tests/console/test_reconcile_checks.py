"""What the doctor says of reconciliation."""

import pytest

from console.diagnoses import Verdict
from console.reconcile_checks import judged
from receiver import keys

NOW = 10_000_000
FOUND = {"at": str(NOW - 60_000), "listed": "12", "missing": "0", "fed": "0", "ours": "0", "error": ""}


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        (FOUND, Verdict.OK, "shop: 12 orders compared 60 s ago; nothing was missing"),
        (FOUND | {"missing": "1", "fed": "1"}, Verdict.WARN, "1 event had never come, 1 fed in"),
        (FOUND | {"error": "503"}, Verdict.WARN, "shop: 503"),
        (FOUND | {"at": str(NOW - 4_000_000)}, Verdict.WARN, "expected every 20 min"),
        ({}, Verdict.WARN, "not compared yet"),
    ],
    ids=["well", "missed", "failed", "late", "never"],
)
def test_the_last_comparison_is_judged(found, verdict, words):
    """Nobody looks at a job that has stopped; the doctor does."""
    check = judged("shop", found, now=NOW, every_s=1_200)

    assert verdict is check.verdict
    assert words in check.found
    assert bool(check.advice) is (verdict is Verdict.WARN)


def test_the_doctor_looks_at_each_source_that_has_the_job(client, orderhook):
    """A source without it is no matter."""
    api = {"base_url": "http://127.0.0.1:9", "token": "t"}
    shop = {"system": "dispatch", "scheme": {"type": "unsigned"}, "api": api, "reconcile": {}}
    orderhook.configure(sources={"shop": shop, "open": {"scheme": {"type": "unsigned"}}})
    client.hset(keys.reconciled("shop"), "error", "the API is away")

    said = orderhook.run("doctor")

    assert "shop: the API is away" in said.out
    assert "orderhook reconcile --source shop --dry-run" in said.out
