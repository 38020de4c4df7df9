"""What is printed: whole, plain where no terminal is, and safe."""

import io

import pytest
from rich.console import Console

from console import render
from console.story import Tone


def test_columns_are_as_wide_as_their_widest_cell(capsys):
    """A cut event id cannot be copied."""
    render.table(("A", "B"), [("a" * 120, ("b", Tone.BAD)), ("c", "d")])

    title, first, second = capsys.readouterr().out.splitlines()
    assert "A" + " " * 121 + "B" == title
    assert "a" * 120 + "  b" == first
    assert "c" + " " * 121 + "d" == second


def test_there_are_no_colours_outside_a_terminal(capsys):
    """A log file or a grep must not find escape codes."""
    render.data(("dead", Tone.BAD))

    assert "dead\n" == capsys.readouterr().out


def test_talk_goes_to_stderr(capsys):
    """Data can then be piped while the talk is read."""
    render.talk("one moment")

    captured = capsys.readouterr()
    assert ("", "one moment\n") == (captured.out, captured.err)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Åse Øvrebø", "Åse Øvrebø"), ("a\x1b[2Jb", "a\\x1b[2Jb"), ("a\nb", "a\\nb"), ("\u202e", "\\u202e")],
    ids=["letters", "escape", "newline", "direction"],
)
def test_only_what_could_move_the_cursor_is_escaped(text, shown):
    """Norwegian names stay readable; a sender's escape codes do nothing."""
    assert shown == render.visible(text)


def test_brackets_are_no_markup(capsys):
    """rich would take [/red] in a subject for its own language."""
    render.data("[/red] [bold]x")

    assert "[/red] [bold]x\n" == capsys.readouterr().out


def test_empty_fields_are_left_out(capsys):
    """A page of dashes hides the one value that matters."""
    render.fields([("status", "dead"), ("reason", ""), ("source", "shop")])

    assert "status  dead\nsource  shop\n" == capsys.readouterr().out


@pytest.mark.parametrize("tone", Tone)
def test_every_tone_has_a_style(tone):
    """A new tone without one would fall over in the middle of a story."""
    Console(file=io.StringIO()).get_style(render.STYLES[tone] or "none")
