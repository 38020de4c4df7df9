"""Templates: what they may do, how far, and that what is put into them stays data."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.templating import Shelf, Template, Unrenderable
from workers.templating.text import LIMIT


def rendered(text: str, **values) -> str:
    return Template.read(text).rendered(values)


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
@example(value="{{ 7 * 7 }}")
@example(value="{{ ''.__class__.__mro__ }}")
@example(value="{% for x in range(10**9) %}x{% endfor %}")
def test_what_is_put_in_is_never_read_as_a_template(value):
    """A7 of the catalogue: a payload's field appears literally, whatever stands in it."""
    assert value == rendered("{{ data.name }}", data={"name": value})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("{{ data.missing }}", "has no attribute 'missing'", id="not there"),
        pytest.param("{{ missing }}", "'missing' is undefined", id="no such value"),
        pytest.param("{{ ''.__class__ }}", "unsafe", id="inside of Python"),
        pytest.param("{{ data.update({'a': 1}) }}", "unsafe", id="changes what it is given"),
        pytest.param("{{ 'x' * 10000000000 }}", "for two numbers", id="much of little"),
        pytest.param("{{ '%999999999d' % 1 }}", "for two numbers", id="a wide number"),
        pytest.param("{{ 9 ** 9 ** 9 }}", "for none", id="a power"),
        pytest.param(
            "{% for a in range(99999) %}{% for b in range(99) %}xxxxxxxx{% endfor %}{% endfor %}",
            f"more than {LIMIT} characters",
            id="long",
        ),
        pytest.param("{% for a in range(999999) %}x{% endfor %}", "OverflowError", id="a long range"),
        pytest.param("{% include 'other.txt' %}", "there is no template", id="another template"),
    ],
)
def test_a_template_has_bounds(text, said):
    """It is the operator's own, but what it is filled with is not."""
    with pytest.raises(Unrenderable, match=said):
        rendered(text, data={"name": "Kari"})


def test_a_single_expression_keeps_its_kind():
    """A latitude is a number, and a list of lines a list."""
    values = {"data": {"lines": [{"quantity": 2}], "n": 59.9}}

    assert [{"quantity": 2}] == Template.read("{{ data.lines }}").value(values)
    assert 59.9 == Template.read(" {{ data.n }} ".strip()).value(values)
    assert "59.9 N" == Template.read("{{ data.n }} N").value(values)
    with pytest.raises(Unrenderable, match="has no attribute"):
        Template.read("{{ data.missing }}").value(values)


def test_a_lone_surrogate_goes_no_further():
    """No header and no UTF-8 can hold one."""
    assert "a?" == rendered("{{ data }}", data="a\ud800")


def test_what_a_template_asks_for_is_known_before(tmp_path):
    """So that the order is read for those that need it, and for no others; through includes, too."""
    (tmp_path / "mail.txt").write_text("Subject: {{ event.id }}\n\n{% include 'foot.txt' %}\n")
    (tmp_path / "mail.html").write_text("{% extends 'page.html' %}{% block b %}{{ data.x }}{% endblock %}")
    (tmp_path / "page.html").write_text("{% block b %}{% endblock %}")
    (tmp_path / "foot.txt").write_text("{{ order.displayId }}")

    assert {"event", "order", "data"} == Shelf(folder=tmp_path).names_in("mail")
    assert {"order"} == Shelf(folder=tmp_path).names_in("foot.txt")


def test_what_is_outside_of_the_folder_is_not_reached(tmp_path):
    """By no name, and by no link in a template."""
    (tmp_path / "secret.txt").write_text("Subject: s\n\nsecret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Subject: s\n\n{% include '../secret.txt' %}")
    shelf = Shelf(folder=tmp_path / "in")

    assert "there is no template" in shelf.problem_of_mail("../secret")
    with pytest.raises(Unrenderable, match="there is no template"):
        shelf.body("a", {})
