"""The bearer token of a process, and what is done when it is refused."""

import asyncio

import pytest

from receiver.secrets import Secret, read_secret
from workers.api.token import Token

pytestmark = pytest.mark.anyio


@pytest.fixture(name="file")
def _file(tmp_path):
    file = tmp_path / "token"
    file.write_text("old-token-1")
    return file


def token_in(file, *, reads: list | None = None) -> Token:
    def read() -> Secret:
        if reads is not None:
            reads.append(file)
        return read_secret(f"file:{file.name}", environ={}, folder=file.parent)

    return Token(read(), read)


async def test_a_token_that_was_replaced_is_found(file):
    """A person makes a new token and writes it into the file; nothing need be started anew."""
    token = token_in(file)
    file.write_text("new-token-2\n")

    assert await token.renewed("old-token-1")
    assert "new-token-2" == token.value


async def test_one_that_was_not_replaced_is_refused_for_good(file):
    """To send it again would only be refused again."""
    assert not await token_in(file).renewed("old-token-1")


async def test_many_refusals_at_once_read_the_file_once(file):
    """Fifty calls are under way when a token expires."""
    reads = []
    token = token_in(file, reads=reads)
    file.write_text("new-token-2")
    reads.clear()

    found = await asyncio.gather(*(token.renewed("old-token-1") for _ in range(50)))

    assert [True] * 50 == found
    assert 1 == len(reads)


async def test_a_file_that_cannot_be_read_leaves_the_token_as_it_was(file):
    """It may be between two writes; the next refusal looks again."""
    token = token_in(file)
    file.unlink()

    assert not await token.renewed("old-token-1")
    assert "old-token-1" == token.value


async def test_a_token_that_stands_in_the_settings_has_nowhere_to_be_read_from():
    """Then a person must start the workers anew."""
    assert not await Token(Secret("literal", "old-token-1")).renewed("old-token-1")


async def test_it_can_be_looked_at_before_anybody_refuses_it(file):
    """A worker that was started with an old token would have each shift refused once."""
    token = token_in(file)
    file.write_text("new-token-2")

    await token.look_again()

    assert "new-token-2" == token.value


async def test_no_log_line_shows_a_token(file, capsys):
    """Logs are read by many."""
    token = token_in(file)
    file.write_text("new-token-2")
    await token.renewed("old-token-1")
    file.unlink()
    await token.renewed("new-token-2")

    said = "".join(capsys.readouterr())
    assert "token.renewed" in said
    assert "token.unreadable" in said
    assert "old-token-1" not in said
    assert "new-token-2" not in said
