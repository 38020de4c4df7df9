"""The OpenAPI document of the console's own API: valid, whole, and what the page is written from."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from console.api import OPERATIONS
from console.rest.openapi import document
from console.rest.operation import Operation
from console.rest.page import operations_text


def test_it_is_a_valid_openapi_document():
    """Clients are generated from it."""
    assert [] == list(OpenAPIV31SpecValidator(document(OPERATIONS)).iter_errors())


def test_no_two_operations_have_one_name():
    """The name is the method of a generated client, and the word in the trail of changes."""
    names = [operation.name for operation in OPERATIONS]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_says_what_each_name_means(operation: Operation):
    """A parameter without a meaning is one that nobody can use."""
    models = [operation.path_model, operation.query, operation.body, operation.answer]
    fields = [(model, name, field) for model in models if model for name, field in model.model_fields.items()]

    assert [] == [(model.__name__, name) for model, name, field in fields if not field.description]
    assert f"### {operation.method} {operation.path}\n" in operations_text(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_what_changes_something_is_no_plain_read(operation: Operation):
    """A token that may only look must not be able to change anything."""
    assert not operation.changing or operation.scope.value != "read"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_parameter_in_the_path_is_read(operation: Operation):
    """A name in the path that no model has would answer 400 to every call."""
    in_path = {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}

    assert in_path == {str(field.alias) for field in operation.path_model.model_fields.values()}
