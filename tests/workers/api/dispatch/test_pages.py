"""Lists page by page, from APIs that say how much there is, that do not, and that lie."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.api.dispatch.pages import CAPITAL, PER_PAGE, Page, Progress, every
from workers.failures import BadResponse


def an_api(total, *, size=10, says=(), at_most=100):
    """Return what fetches a page of *total* items: it shortens the size as the API might, and says what it says."""
    size_given = min(size, at_most)
    asked = []

    async def fetch(number):
        asked.append(number)
        items = [{"guid": f"g-{n}"} for n in range(total)][(number - 1) * size_given :][:size_given]
        answer = {
            "data": items,
            "page": number,
            "pageSize": size_given,
            "totalCount": total,
            "totalPages": -(-total // size_given),
        }
        shown = {key: value for key, value in answer.items() if key == "data" or key in says}
        return Page.read(shown, lambda item: item["guid"], number=number, size=size)

    fetch.asked = asked
    return fetch


def listed(fetch, **more):
    """Return all items of all pages."""

    async def gather():
        return [item async for item in every(fetch, **more)]

    return asyncio.run(gather())


SAYS = [
    (),
    ("pageSize",),
    ("pageSize", "totalCount"),
    ("page", "pageSize", "totalCount"),
    ("page", "pageSize", "totalCount", "totalPages"),
    ("totalPages",),
]


@given(total=st.integers(0, 60), size=st.integers(1, 25), says=st.sampled_from(SAYS))
def test_every_item_comes_once_whatever_the_api_says_of_its_pages(total, size, says):
    """Four of the vendor's five samples leave `totalPages` out."""
    assert [f"g-{n}" for n in range(total)] == listed(an_api(total, size=size, says=says))


@given(total=st.integers(0, 60), at_most=st.integers(1, 25))
def test_a_size_that_the_api_shortens_loses_nothing(total, at_most):
    """What happens above 100 is not documented; a shortened page must not pass for the last."""
    for says in (("pageSize",), ("totalCount",), ("totalPages",)):
        assert total == len(listed(an_api(total, size=25, at_most=at_most, says=says)))


@pytest.mark.parametrize(
    ("total", "says", "asked"),
    [
        pytest.param(25, (), [1, 2, 3], id="a short page is the last"),
        pytest.param(20, (), [1, 2, 3], id="an empty page is the last"),
        pytest.param(20, ("totalCount",), [1, 2], id="the count is reached"),
        pytest.param(20, ("totalPages",), [1, 2], id="the last page is reached"),
        pytest.param(0, ("totalCount", "totalPages"), [1], id="nothing at all"),
    ],
)
def test_no_more_pages_are_fetched_than_there_are(total, says, asked):
    """Each is a call of a budget that live events share."""
    fetch = an_api(total, says=says)

    listed(fetch)

    assert asked == fetch.asked


def test_progress_tells_page_pages_and_items():
    """Whoever waits for a thousand pages wants to see them pass."""
    heard = []

    listed(an_api(25, says=("totalCount",)), tell=heard.append)

    assert [
        Progress(page=1, pages=3, items=10),
        Progress(page=2, pages=3, items=20),
        Progress(page=3, pages=3, items=25),
    ] == heard


def test_progress_does_not_guess_of_how_many():
    """A number that is made up is worse than none."""
    heard = []

    listed(an_api(12), tell=heard.append)

    assert [None, None] == [one.pages for one in heard]


def test_an_iteration_goes_on_behind_the_last_page_that_was_told():
    """A rate limit in the middle of an import must not begin it anew."""
    fetch = an_api(25, says=("totalCount",))

    assert [f"g-{n}" for n in range(20, 25)] == listed(fetch, first_page=3)
    assert [3] == fetch.asked


def test_the_next_page_is_fetched_when_it_is_wanted():
    """Whoever breaks off after the first item has made one call."""
    fetch = an_api(100)

    async def first():
        async for item in every(fetch):
            return item
        return None

    assert "g-0" == asyncio.run(first())
    assert [1] == fetch.asked


@pytest.mark.parametrize("cycle", [1, 2, 3])
def test_an_api_that_goes_in_circles_is_found_out(cycle):
    """One that overlooks its own page parameter answers the first page for ever."""
    fetch = an_api(100)

    async def circling(number):
        return await fetch((number - 1) % cycle + 1)

    with pytest.raises(BadResponse, match="holds what an earlier one held"):
        listed(circling)

    assert cycle + 1 == len(fetch.asked)


def test_an_api_without_end_is_left():
    """Ever new items: a mistake of theirs must not become a loop of ours."""
    with pytest.raises(BadResponse, match="more than 5 pages"):
        listed(an_api(1000), most_pages=5)


def test_a_count_that_promises_too_much_ends_with_the_first_empty_page():
    """Items are deleted while one reads."""
    fetch = an_api(15)

    async def promising(number):
        page = await fetch(number)
        return Page(items=page.items, number=number, size=10, total_items=99, mark=number)

    assert 15 == len(listed(promising))
    assert [1, 2, 3] == fetch.asked


@pytest.mark.parametrize("says", ["totalCount", "totalPages"])
def test_a_total_of_nought_beside_items_is_not_believed(says):
    """Some APIs fill in the field and never count; the pages behind the first would be lost."""
    fetch = an_api(25)

    async def lying(number):
        page = await fetch(number)
        zero = {"totalCount": "total_items", "totalPages": "total_pages"}[says]
        return replace(page, **{zero: 0})

    assert 25 == len(listed(lying))


@pytest.mark.parametrize("answer", [None, [], {}, {"data": {}}, {"data": None}, {"items": []}])
def test_an_answer_without_a_list_is_refused(answer):
    """To take it for an empty one would say that there are no orders."""
    with pytest.raises(ValueError, match="a list under data"):
        Page.read(answer, dict, number=1, size=50)


@given(
    st.fixed_dictionaries(
        {"data": st.lists(st.integers(), max_size=2)},
        optional=dict.fromkeys(
            ["pageSize", "totalCount", "totalPages"],
            st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(),
        ),
    )
)
def test_numbers_that_are_none_are_not_relied_on(answer):
    """Of an envelope's numbers only the list itself must be there."""
    page = Page.read(answer, int, number=1, size=50)

    assert page.size >= 1
    assert page.pages is None or page.pages >= 0
    assert isinstance(page.is_last(len(page.items)), bool)


def test_both_families_spell_their_pages_in_their_own_way():
    """The vendor's pages differ: orders want `PageSize`, shipments `perPage`."""
    assert {"Page": "2", "PageSize": "50"} == CAPITAL.query(2, 50)
    assert {"page": "2", "perPage": "50"} == PER_PAGE.query(2, 50)
