"""
Failures: what an exception is read as, and that no leaf lets a secret or an odd reason through.
"""

import pytest

from workers.failures import (
    BadResponse,
    CircuitOpen,
    Conflict,
    Failure,
    Moot,
    OrderGone,
    Permanent,
    RateLimited,
    Reason,
    Transient,
    Unauthorized,
    classify,
)


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        pytest.param(TypeError("x"), Permanent, Reason.CODE_BUG, id="TypeError"),
        pytest.param(AttributeError("x"), Permanent, Reason.CODE_BUG, id="AttributeError"),
        pytest.param(NameError("x"), Permanent, Reason.CODE_BUG, id="NameError"),
        pytest.param(KeyError("x"), Permanent, Reason.CODE_BUG, id="KeyError"),
        pytest.param(IndexError("x"), Permanent, Reason.CODE_BUG, id="IndexError"),
        pytest.param(ModuleNotFoundError("x"), Permanent, Reason.CODE_BUG, id="ModuleNotFoundError"),
        pytest.param(AssertionError("x"), Permanent, Reason.CODE_BUG, id="AssertionError"),
        pytest.param(NotImplementedError("x"), Permanent, Reason.CODE_BUG, id="NotImplementedError"),
        pytest.param(TimeoutError("x"), Transient, Reason.TIMEOUT, id="TimeoutError"),
        pytest.param(ConnectionResetError("x"), Transient, Reason.IO_ERROR, id="ConnectionResetError"),
        pytest.param(ValueError("x"), Transient, Reason.ACTION_ERROR, id="ValueError"),
        pytest.param(RuntimeError("x"), Transient, Reason.ACTION_ERROR, id="RuntimeError"),
    ],
)
def test_an_exception_of_an_action_is_read_by_who_must_act(error, kind, reason):
    """A bug is dead at once, since the same code fails again; what may heal is tried again."""
    failure = classify(error)

    assert (type(failure), failure.reason) == (kind, reason)


def test_the_effect_of_a_foreign_exception_is_unknown():
    """It may have been raised after the call went out, so nothing may be repeated blindly."""
    assert {classify(error).effect for error in (KeyError("x"), TimeoutError(), ValueError())} == {"unknown"}


def test_a_failure_stays_what_it_is():
    """An action may raise a failure itself, with its own reason."""
    failure = Permanent("the ERP does not know the article", reason="erp_unknown_article")

    assert classify(failure) is failure


def test_an_exception_without_a_text_is_named():
    """A colon with nothing behind it looks as if the reason had been cut off."""
    assert "TimeoutError" == classify(TimeoutError()).message


def test_an_exception_whose_text_raises_is_classified_too():
    """A foreign __str__ must not turn a failed step into a crashed worker."""

    class BrokenError(Exception):
        def __str__(self):
            raise ValueError("no text")

    failure = classify(BrokenError())

    assert failure.message == "BrokenError: (its text raised ValueError)"


@pytest.mark.parametrize(
    ("kind", "reason", "uses_attempt"),
    [
        pytest.param(Transient, "upstream_error", True, id="Transient"),
        pytest.param(RateLimited, "rate_limited", False, id="RateLimited"),
        pytest.param(CircuitOpen, "circuit_open", False, id="CircuitOpen"),
        pytest.param(Unauthorized, "unauthorized", False, id="Unauthorized"),
        pytest.param(BadResponse, "upstream_bad_response", True, id="BadResponse"),
        pytest.param(Permanent, "upstream_rejected", True, id="Permanent"),
        pytest.param(Conflict, "upstream_conflict", True, id="Conflict"),
        pytest.param(OrderGone, "order_gone", True, id="OrderGone"),
    ],
)
def test_each_leaf_has_its_reason_and_says_whether_it_uses_an_attempt(kind, reason, uses_attempt):
    """Whoever raises one need not repeat what its class says."""
    failure = kind("it went wrong")

    assert (failure.reason, failure.uses_attempt, failure.effect) == (reason, uses_attempt, "none")


def test_an_order_that_is_gone_is_a_moot_run():
    """One class tells the attempt to end the run without a dead letter."""
    assert issubclass(OrderGone, Moot)


def test_the_message_of_a_failure_is_redacted_where_it_is_made():
    """Whatever is logged or stored of it later is safe: text, args and repr."""
    failure = Transient("refused: Authorization: Bearer s3cr3t-token-value", reason="io_error")

    assert "s3cr3t" not in f"{failure} {failure!r} {failure.message} {failure.args}"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param("ERP said: no!", "erp_said_no", id="sentence"),
        pytest.param("a:b*{c}\n", "a_b_c", id="key-injection"),
        pytest.param("…", "unnamed", id="nothing-left"),
        pytest.param("x" * 200, "x" * 64, id="long"),
        pytest.param(Reason.TIMEOUT, "timeout", id="ours"),
    ],
)
def test_a_reason_is_always_a_slug(given, reason):
    """It ends up in Redis keys, filters and metric labels, whoever wrote it."""
    assert Permanent("no", reason=given).reason == reason


def test_a_failure_shows_its_reason_and_effect():
    """Its repr is what a log line and a failing test show."""
    failure = Transient("no answer in 20 s", reason="timeout", effect="unknown")

    assert repr(failure) == "Transient(timeout, effect=unknown: no answer in 20 s)"
    assert isinstance(failure, Failure)
