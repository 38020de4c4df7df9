"""Tables of templates: read, asked what they need, filled, and written as they were."""

import pytest

from workers.templating import Unrenderable, tree

TABLE = {"name": "{{ data.name }}", "lines": [{"quantity": "{{ data.n }}", "kind": 1}], "on": True}


def test_every_text_is_a_template_and_nothing_else_is():
    """However deep it lies; a single expression keeps its kind."""
    read = tree.read(TABLE)

    assert {"data"} == tree.names(read)
    assert {"name": "Kari", "lines": [{"quantity": 2, "kind": 1}], "on": True} == tree.filled(
        read, {"data": {"name": "Kari", "n": 2}}
    )
    assert TABLE == tree.texts(read)


def test_what_comes_to_null_is_left_out():
    """An absent field is absent, and no null that an API may refuse."""
    assert {"a": ""} == tree.filled(tree.read({"a": "{{ x or '' }}", "b": "{{ x }}"}), {"x": None})


@pytest.mark.parametrize(
    ("table", "said"),
    [({"a": [{"b": "{{ x"}]}, r"a\[0\].b: line 1"), ({"a": {"b": "{{ missing }}"}}, "a.b: 'missing'")],
)
def test_a_problem_names_its_place(table, said):
    """In a table of thirty fields nobody finds it otherwise."""
    with pytest.raises(Unrenderable, match=said):
        tree.filled(tree.read(table), {})
