"""`/api/v1/actions` over real HTTP: what a step may name, as a form or a program needs it."""


def test_actions_tell_their_parameters_and_what_a_repeat_would_be(reader):
    """One call is enough to build a form for any step."""
    found = {one["name"]: one for one in reader.get("/api/v1/actions?PageSize=100").data}

    assert {"assign_tag", "send_email", "pause"} <= set(found)
    assert "unkeyed" == found["send_email"]["effect"]
    schema = found["send_email"]["parameters"]
    assert (["template"], False) == (schema["required"], schema["additionalProperties"])
    assert "customer" == schema["properties"]["recipient"]["default"]
    assert schema["properties"]["recipient"]["description"]
    # A parameter may be called as a word of JSON Schema is; the schema's own titles are left out.
    assert "string" == found["send_push"]["parameters"]["properties"]["title"]["type"]
    assert "title" not in found["assign_tag"]["parameters"]["properties"]["tag"]


def test_one_action_is_asked_for_by_its_name(reader):
    """And a slip is answered with what was meant."""
    assert "pause" == reader.get("/api/v1/actions/pause").data["name"]

    missing = reader.get("/api/v1/actions/asign_tag")
    assert 404 == missing.status
    assert "did you mean assign_tag?" in missing.body.decode()
