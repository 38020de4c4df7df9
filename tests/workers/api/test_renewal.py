"""A token that is renewed by a command: once, however many workers find it refused."""

import asyncio
import sys

import pytest

from receiver import keys, store
from receiver.secrets import Secret, read_secret
from workers.api.renewal import Renewal
from workers.api.token import Token

pytestmark = pytest.mark.anyio

WORKERS = 6
KEY = keys.renewal("api.example.com file:token")
NEW = "import pathlib; pathlib.Path('token').write_text('new-token-2')"
NOTE = "open('runs', 'a').write('.')"


@pytest.fixture(name="workers")
async def _workers(redis_url, tmp_path):
    """Return a function that makes six workers' tokens, each with a connection of its own, and a command for all."""
    (tmp_path / "token").write_text("old-token-1")
    clients = [store.async_client(redis_url, timeout_s=5) for _ in range(WORKERS)]

    def read() -> Secret:
        return read_secret("file:token", environ={}, folder=tmp_path)

    made: list[Token] = []

    def tokens(*program: str) -> list[Token]:
        made.extend(Token(read(), read, Renewal(client, KEY, program, folder=tmp_path)) for client in clients)
        return made

    yield tokens
    for token in made:
        await token.close()
    for client in clients:
        await client.aclose()


def python(*statements: str) -> tuple[str, ...]:
    return sys.executable, "-c", "; ".join(statements)


def runs(folder) -> int:
    return len((folder / "runs").read_text())


async def renewed(tokens) -> list[bool]:
    """Have ten calls of each worker refused at once."""
    return await asyncio.gather(*(token.renewed("old-token-1") for token in tokens for _ in range(10)))


async def test_six_workers_renew_a_token_once(workers, tmp_path):
    """Many vendors end the old token, or the one just made, at each further call."""
    tokens = workers(*python(NOTE, "import time; time.sleep(0.3)", NEW))

    found = await renewed(tokens)

    assert 1 == runs(tmp_path)
    assert [True] * 60 == found
    assert {"new-token-2"} == {token.value for token in tokens}


async def test_a_renewal_that_fails_is_not_tried_by_each(workers, tmp_path):
    """Sixty refusals must not become sixty calls of a command that does not work."""
    found = await renewed(workers(*python(NOTE, "raise SystemExit(3)")))

    assert 1 == runs(tmp_path)
    assert [False] * 60 == found


async def test_one_that_leaves_the_old_token_has_failed(workers, tmp_path):
    """It said that all was well, and the API would refuse the same token again."""
    assert [False] * 60 == await renewed(workers(*python(NOTE)))
    assert 1 == runs(tmp_path)


async def test_a_call_that_is_given_up_does_not_end_it(workers, tmp_path):
    """The command runs on; nobody else may begin meanwhile, and what it wrote is found."""
    token, other, *_ = workers(*python(NOTE, "import time; time.sleep(0.3)", NEW))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await token.renewed("old-token-1")

    assert await other.renewed("old-token-1")
    assert 1 == runs(tmp_path)


async def test_a_command_that_is_not_there_is_told_of(workers, capsys):
    """An operator reads why the token was not renewed; what the command is given may be secret, and is not shown."""
    assert not await workers("./no-such-command", "s3cret")[0].renewed("old-token-1")

    said = capsys.readouterr().out
    assert "token.renewal_failed" in said
    assert "no-such-command" in said
    assert "s3cret" not in said
