"""
A secret is read by reference and shown by reference, whatever prints, pickles or dumps it.
"""

import copy
import json
import logging
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from rich.pretty import pretty_repr

from receiver.secrets import SECRETIVE, Secret, SecretError, SecretText, read_secret

VALUE = "s3cr3t-v4lue"


class Model(BaseModel):
    model_config = SECRETIVE

    secret: SecretText


@dataclass
class Holder:
    secret: Secret


def a_secret(reference="env:SHOP", value=VALUE):
    return read_secret(reference, environ={"SHOP": value}, folder=Path())


def test_env_reads_the_given_environment(tmp_path):
    """The environment is an argument, so a test and a second source cannot disturb each other."""
    secret = read_secret("env:SHOP", environ={"SHOP": VALUE}, folder=tmp_path)

    assert secret.reveal() == VALUE
    assert secret.reference == "env:SHOP"


@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_file_reads_from_the_folder_of_the_settings(tmp_path, absolute):
    """A relative path means the same wherever the process was started."""
    (tmp_path / "shop.secret").write_text(VALUE)
    name = str(tmp_path / "shop.secret") if absolute else "shop.secret"

    secret = read_secret(f"file:{name}", environ={}, folder=tmp_path)

    assert secret.reveal() == VALUE
    assert f"file:{name}" == secret.reference


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"], ids=["none", "lf", "crlf", "two"])
def test_a_line_end_after_the_value_is_not_part_of_it(tmp_path, end):
    """`echo secret > file` and Kubernetes secrets made with it must not break every signature."""
    (tmp_path / "s").write_bytes(f" {VALUE} {end}".encode())

    assert f" {VALUE} " == read_secret("file:s", environ={}, folder=tmp_path).reveal()
    assert f" {VALUE} " == a_secret(value=f" {VALUE} {end}").reveal()


def test_a_literal_is_the_text_itself():
    """Literals serve tests and demonstrations, so they need no ceremony."""
    assert read_secret(VALUE, environ={}, folder=Path()).reveal() == VALUE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("env:NOPE", "env:NOPE is not set"),
        ("env:", "env: is not set"),
        ("env:EMPTY", "env:EMPTY is empty"),
        ("env:BLANK", "env:BLANK is empty"),
        ("env:BYTES", "env:BYTES is not text"),
        ("file:nope", "file:nope cannot be read (No such file or directory)"),
        ("file:.", "file:. cannot be read (Is a directory)"),
        ("file:", "file: cannot be read (Is a directory)"),
        ("file:a\0b", "cannot be read (embedded null byte)"),
        ("file:empty", "file:empty is empty"),
        ("file:binary", "file:binary is not text"),
        ("", "the secret is empty"),
        ("  \n", "the secret is empty"),
        ("literal", "found 'literal'"),
    ],
)
def test_an_unreadable_secret_names_its_reference_and_the_expectation(tmp_path, text, says):
    """S2: the process refuses to start, and whoever starts it sees at once what to set."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" + VALUE.encode())
    environ = {"EMPTY": "", "BLANK": " \n", "BYTES": VALUE + "\udcff"}

    with pytest.raises(SecretError) as caught:
        read_secret(text, environ=environ, folder=tmp_path)

    assert says in str(caught.value)
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("reference", ["env:SHOP", VALUE], ids=["by reference", "literal"])
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r}",
        lambda secret: "%s" % secret,  # noqa: UP031 - one of the ways in which a log line is made
        pretty_repr,
        lambda secret: pretty_repr(Holder(secret)),
        lambda secret: repr([secret]),
        lambda secret: repr(Holder(secret)),
        lambda secret: repr(Model(secret=secret)),
        lambda secret: str(Model(secret=secret)),
        lambda secret: repr(Model(secret=secret).model_dump()),
        lambda secret: Model(secret=secret).model_dump_json(),
        lambda secret: json.dumps(Model(secret=secret).model_dump(mode="json")),
        lambda secret: json.dumps(secret, default=str),
        lambda secret: pickle.dumps(secret).decode("latin-1"),
        lambda secret: pickle.dumps(Model(secret=secret)).decode("latin-1"),
    ],
)
def test_nothing_that_shows_a_secret_shows_its_value(show, reference):
    """A log, a traceback or a crash report is read by people who must not have the secret."""
    assert VALUE not in show(a_secret(reference))


def test_a_log_line_shows_the_reference(caplog):
    """An operator sees which secret a line speaks of."""
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("read %s", a_secret())

    assert caplog.messages == ["read Secret(env:SHOP)"]


def test_a_secret_has_no_dict_to_look_into():
    """`vars()` is what debuggers and error reporters collect."""
    with pytest.raises(TypeError):
        vars(a_secret())


def test_a_pickled_secret_has_lost_its_value():
    """Used by mistake, it fails loudly and does not verify against an empty key."""
    secret = pickle.loads(pickle.dumps(a_secret()))

    assert secret.reference == "env:SHOP"
    with pytest.raises(SecretError, match="env:SHOP was pickled"):
        secret.reveal()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_keeps_the_value(how):
    """Settings are copied with `model_copy(deep=True)` inside one process."""
    assert how(Model(secret=a_secret())).secret.reveal() == VALUE


@pytest.mark.parametrize("name", ["reference", "_value", "other"])
def test_a_secret_is_frozen(name):
    """A secret is shared by every request."""
    secret = a_secret()

    with pytest.raises(AttributeError):
        setattr(secret, name, "x")
    with pytest.raises(AttributeError):
        delattr(secret, name)


def test_secrets_are_equal_by_reference_and_value():
    """Reloading unchanged settings must not look like a change."""
    assert a_secret() == a_secret()
    assert hash(a_secret()) == hash(a_secret())
    assert a_secret() != a_secret(value="other")
    assert a_secret() != a_secret(VALUE)
    assert a_secret() != VALUE


def test_a_field_resolves_with_the_context_of_the_validation():
    """Settings hold references only; the composition root brings the environment."""
    model = Model.model_validate(
        {"secret": "env:SHOP"}, context={"environ": {"SHOP": VALUE}, "folder": Path()}
    )

    assert model.secret.reveal() == VALUE


@pytest.mark.parametrize("given", ["env:SHOP", 7, None, ["x"], ""], ids=repr)
def test_a_field_reports_a_bad_secret_as_a_validation_error(given):
    """All problems of the settings are reported at once, so one bad secret must not stop the collecting."""
    with pytest.raises(ValidationError):
        Model.model_validate({"secret": given}, context={"environ": {}, "folder": Path()})


@pytest.mark.parametrize(
    "raw", [{"secret": [VALUE]}, {"secret": VALUE, "sceret": VALUE}], ids=["kind", "key"]
)
def test_a_validation_error_does_not_print_what_it_was_given(raw):
    """A literal in the wrong place is still a secret."""
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(raw)

    assert VALUE not in str(caught.value)


def test_a_field_has_a_json_schema():
    """The reference of all settings is generated from the models."""
    assert Model.model_json_schema()["properties"]["secret"]["type"] == "string"


@given(text=st.text(), environ=st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_reading_is_total(text, environ):
    """Any text in the settings gives a secret or a `SecretError`, never another exception."""
    try:
        secret = read_secret(text, environ=environ, folder=Path("/nonexistent"))
    except SecretError:
        return
    assert secret.reveal()
