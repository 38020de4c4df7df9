"""`orderhook workflows actions`: what a step may name."""


def test_every_action_is_listed_with_its_parameters(orderhook):
    """Those of the user beside ours; what is optional stands in brackets."""
    said = orderhook.run("workflows", "actions")

    assert 0 == said.code
    lines = {line.split()[0]: line for line in said.out.splitlines()}
    assert "natural" in lines["assign_tag"]
    assert "tag" in lines["assign_tag"]
    assert "template, [recipient]" in lines["send_email"]
    assert "unkeyed" in lines["mail"]


def test_a_program_gets_the_schema(orderhook):
    """A form can be made of it."""
    rows = {row["name"]: row for row in orderhook.run("workflows", "actions", "--json").rows}

    pause = rows["pause"]["parameters"]
    assert ["waits", "goes_on"] == pause["$defs"]["Lane"]["enum"]
    assert {"why", "lane", "for_s"} == set(pause["properties"])
    assert False is pause["additionalProperties"]
    assert "keyed" == rows["create_order"]["effect"]
    assert rows["create_order"]["summary"].startswith("Create an order.")
