"""
The frame of the console's REST API: an operation is declared once, and everything follows from it.

What the operations are stands in `console/api`; nothing here knows one of them. From its declaration an operation gets
its route, bearer token and scope, rate limit, strict reading of path, query and body, envelope and paging, request id,
entry in the trail of changes, and its part of the OpenAPI document and of `docs/rest-api.md`.

To add one, write its models and a handler in a module of `console/api`, and list the module's `OPERATIONS` in
`console/api/__init__.py`:

    class ShelfPath(PathModel):
        shelf_id: str = Field(description="Which shelf.")        # {shelfId} in the path, shelfId in JSON

    class Shelf(Answer):
        shelf_id: str = Field(description="Its id.")
        books: int = Field(description="How many stand on it.")

    def show(call: Call[ShelfPath, NoQuery, NoBody]) -> Shelf:
        found = shelves.get(call.client, call.path.shelf_id)     # blocking is fine: it runs in a thread
        if found is None:
            raise ApiError(ErrorCode.NOT_FOUND, "there is no such shelf")
        return Shelf(shelf_id=found.id, books=found.books)

    OPERATIONS = (
        Operation(
            name="showShelf", method="GET", path="/api/v1/shelves/{shelfId}", tag="Shelves", scope=Scope.READ,
            summary="One shelf", path_model=ShelfPath, answer=Shelf, errors=(ErrorCode.NOT_FOUND,), handler=show,
        ),
    )

A body is a `BodyModel`, a query a `QueryModel`, or a `PageQuery` for a list: its handler returns a `Page` of answers,
and the operation says `many=True`. A handler that answers nothing but success returns None. Whatever is not a GET
changes something and stands in the trail of changes; a GET that changes something says `changes=True`, a POST that
changes nothing `changes=False`. A number or a switch in a query or a path is a `QueryInt` or a `QueryBool`.
A handler may add to its entry there by `call.note(name="…")`; bodies never get there.
"""
