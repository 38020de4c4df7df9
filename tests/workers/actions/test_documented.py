"""What a docstring says, taken apart."""

from workers.actions import documented


def an_action(step, *, url, urgent=False):
    """
    Tell the ERP,
    once.

    It is told of
    the order.

    Args:
        url: Where
            it is.
        urgent: Whether it
            is: said so.

    Raises:
        ValueError: Never.
    """


def test_what_it_does_stands_in_front_of_its_sections():
    """A paragraph a line, since lines are broken for the author's editor."""
    assert "Tell the ERP, once.\nIt is told of the order." == documented.summary(an_action)


def test_each_parameter_has_its_words():
    """Whatever the lines they stand on."""
    assert {"url": "Where it is.", "urgent": "Whether it is: said so."} == documented.arguments(an_action)


def test_who_says_nothing_is_not_refused():
    """A docstring is a kindness."""

    def silent(step):
        pass

    assert ("", {}) == (documented.summary(silent), documented.arguments(silent))
