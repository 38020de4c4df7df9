"""`/api/v1/actions`: what a form needs to ask for an action's parameters."""

from workers.actions import Registry


def test_every_action_is_listed_with_its_schema(reader):
    """Built-in ones and those of the configuration, each with what it does and what its repeat would mean."""
    found = {one["name"]: one for one in reader.get("/api/v1/actions").data}

    assert set(Registry.load(["tests.support.deeds"])) == set(found)
    tag = found["assign_tag"]
    assert ("natural", True, False) == (tag["effect"], tag["builtIn"], found["first"]["builtIn"])
    assert tag["about"].startswith("Put the tag of this name on the order")
    assert {"tag": {"type": "string", "minLength": 1, "maxLength": 100}} == tag["parameters"]["properties"]
    assert (["tag"], False) == (tag["parameters"]["required"], tag["parameters"]["additionalProperties"])


def test_a_parameter_that_is_called_title_is_a_parameter(reader):
    """The schema's own titles are left out, and one of a push message's parameters has that name."""
    (push,) = [one for one in reader.get("/api/v1/actions").data if one["name"] == "send_push"]

    assert "string" == push["parameters"]["properties"]["title"]["type"]
