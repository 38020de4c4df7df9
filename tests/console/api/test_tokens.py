"""`/api/v1/tokens` over real HTTP."""


def test_a_token_is_made_used_listed_and_revoked(admin, stranger):
    """The whole life of a token, without the command line."""
    made = admin.post("/api/v1/tokens", {"name": "grafana", "scope": "read", "expires": "90d"})

    grafana = stranger.having(made.data["token"])
    assert (201, 200) == (made.status, grafana.get("/api/v1/events").status)
    listed = {one["name"]: one for one in admin.get("/api/v1/tokens").data}
    assert "token" not in listed["grafana"]
    assert ("admin", False) == (listed["grafana"]["createdBy"], listed["grafana"]["expired"])
    assert "lastUsedAt" in listed["grafana"]

    assert {"success": True} == admin.call("DELETE", "/api/v1/tokens/grafana").json
    assert 401 == grafana.get("/api/v1/events").status
    assert 404 == admin.call("DELETE", "/api/v1/tokens/grafana").status


def test_tokens_are_for_admins(operator):
    """Whoever may make tokens may do everything."""
    assert 403 == operator.get("/api/v1/tokens").status
    assert 403 == operator.post("/api/v1/tokens", {"name": "x", "scope": "admin"}).status


def test_a_token_that_cannot_be_made_says_why(admin):
    """What was expected is what one sends next."""
    admin.post("/api/v1/tokens", {"name": "x", "scope": "read"})

    assert 409 == admin.post("/api/v1/tokens", {"name": "x", "scope": "read"}).status
    assert 400 == admin.post("/api/v1/tokens", {"name": "a b", "scope": "read"}).status
    soon = admin.post("/api/v1/tokens", {"name": "y", "scope": "read", "expires": "soon"})
    assert "expected a time such as 12h" in soon.message
    long = admin.post("/api/v1/tokens", {"name": "y", "scope": "read", "expires": "999999w"})
    assert "at most 3650d" in long.message
