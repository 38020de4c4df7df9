"""The action `send_email`, from the event in Redis to a mail server with TLS and login."""

import pytest
import tomlkit

from receiver.config import ConfigError, read_config
from receiver.lifecycle import Status
from receiver.record import StepState
from tests.support.events import accepted, an_event, record
from tests.support.http_peer import serving
from tests.support.mail import mail_server
from workers import dead_letters, shift
from workers.plant import Plant
from workers.settings import definitions, worker_settings

pytestmark = pytest.mark.anyio

TEXT = "Subject: Order {{ data.id }}, {{ data.name }}\n\nHello {{ data.name }}\n"
HTML = "<p>Hello {{ data.name }}</p>\n"


@pytest.fixture(name="mail", params=["starttls"])
def _mail(tmp_path, request):
    with mail_server(tmp_path, tls=request.param) as box:
        yield box


@pytest.fixture(name="config")
def _config(redis_url, tmp_path, mail):
    """Makes a configuration with one step `send_email`; changes are those of the table `email`."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "hello.txt").write_text(TEXT)
    (folder / "hello.html").write_text(HTML)

    def build(step=None, *, source=None, **email):
        values = {
            "redis_url": redis_url,
            "templates": "templates",
            "email": mail.settings | email,
            "sources": {"shop": {"scheme": {"type": "unsigned"}} | (source or {})},
            "worker": {"lease_s": 5.0, "call_deadline_s": 2.0, "retry": {"base_s": 0.001, "cap_s": 0.001}},
            "workflows": [
                {
                    "name": "write",
                    "trigger": "order.created",
                    "actions": [
                        {"type": "send_email", "template": "hello", "recipient": "kari@example.com"}
                        | (step or {})
                    ],
                }
            ],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        return read_config(environ={}, path=path)

    return build


async def work(raw) -> None:
    settings = worker_settings(raw)
    await shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # of the server, which does not count its implicit TLS
@pytest.mark.parametrize("mail", ["starttls", "implicit"], indirect=True)
async def test_a_letter_arrives_over_tls_with_login(client, config, mail, request):
    """The whole way, and what the customer sees at its end."""
    tls = request.node.callspec.params["mail"]
    accepted(client, an_event(data={"name": "Kåre <b>"}))

    await work(config(tls=tls))

    assert (Status.SUCCEEDED, "") == (record(client).status, record(client).error)
    (letter,) = mail.letters
    assert [("orders@shop.example", ["kari@example.com"])] == mail.envelopes
    assert ("Nordlys <orders@shop.example>", "kari@example.com") == (letter["from"], letter["to"])
    assert "Order order-1, Kåre <b>" == letter["subject"]
    assert "Hello Kåre <b>\r\n" == letter.get_body(["plain"]).get_content()
    assert "<p>Hello Kåre &lt;b&gt;</p>\r\n" == letter.get_body(["html"]).get_content()
    assert "auto-generated" == letter["auto-submitted"]
    assert letter["message-id"] in record(client).ledger["0.0"].detail


async def test_the_customers_address_comes_from_the_order(client, config, mail):
    """Not from the payload, which anybody may have written."""
    async with serving() as api:
        api.answers(200, {"id": "order-1", "status": 0, "email": "ola@example.com"})
        source = {"system": "installer", "api": {"base_url": api.url, "token": "t"}}
        accepted(client, an_event(data={"name": "Ola", "email": "evil@example.com"}))
        await work(config({"recipient": "customer"}, source=source))

    assert [["ola@example.com"]] == [to for _, to in mail.envelopes]


async def test_an_order_without_an_address_is_a_dead_letter_that_says_so(client, config, mail):
    """Somebody waits for that letter, and nobody would know."""
    async with serving() as api:
        api.answers(200, {"id": "order-1", "status": 0, "email": "a@b\r\nBcc: x@example.com"})
        source = {"system": "installer", "api": {"base_url": api.url, "token": "t"}}
        accepted(client, an_event(data={"name": "Ola"}))
        await work(config({"recipient": "customer"}, source=source))

    assert (Status.DEAD, "recipient_invalid") == (record(client).status, record(client).reason)
    assert [] == mail.letters


async def test_a_refusal_for_now_is_tried_again_under_the_same_id(client, config, mail):
    """Greylisting answers 4xx to every first letter."""
    mail.rcpt, mail.data = ["450 come back"], ["451 not now"]
    accepted(client, an_event(data={"name": "Kari"}))

    for _ in range(3):
        await work(config())

    assert Status.SUCCEEDED is record(client).status
    assert 1 == len(mail.letters)
    assert 3 == record(client).attempt


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        pytest.param(["550 no such user", ""], "email_recipient", id="nobody there"),
        pytest.param(["", "554 looks like spam"], "email_refused", id="not that letter"),
    ],
)
async def test_a_refusal_for_good_is_a_dead_letter_that_may_be_replayed(
    client, config, mail, answers, reason
):
    """The server has said that it took nothing: no person need find out before it is repeated."""
    mail.rcpt, mail.data = ([answer] for answer in answers)
    accepted(client, an_event(data={"name": "Kari"}))
    await work(config())
    assert (Status.DEAD, reason) == (record(client).status, record(client).reason)
    assert StepState.FAILED is record(client).ledger["0.0"].state

    list(dead_letters.replay(client, [record(client)]))
    await work(config())

    assert Status.SUCCEEDED is record(client).status


async def test_a_letter_whose_answer_was_lost_is_held_for_a_person(client, config, mail):
    """It may have been sent; nobody gets it twice by our doing."""
    mail.breaks_off = True
    accepted(client, an_event(data={"name": "Kari"}))

    await work(config())

    found = record(client)
    assert (Status.DEAD, "outcome_unknown") == (found.status, found.reason)
    assert StepState.UNKNOWN is found.ledger["0.0"].state


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"password": "wrong"}, "email_login", id="password"),
        pytest.param({"ca_file": None}, "email_certificate", id="nobody vouches for it"),
        pytest.param({"tls": "implicit"}, "email_tls", id="no TLS there"),
    ],
)
async def test_a_wrong_table_is_said_to_be_one(client, config, mail, changes, reason):
    """No repeat heals it, and the operator must not look for the fault in the order."""
    accepted(client, an_event(data={"name": "Kari"}))
    raw = config(**{name: value for name, value in changes.items() if value is not None})
    if None in changes.values():
        del raw.values["email"]["ca_file"]

    await work(raw)

    found = record(client)
    assert (Status.DEAD, reason) == (found.status, found.reason)
    assert "secret" not in found.error
    assert StepState.FAILED is found.ledger["0.0"].state


async def test_a_server_that_is_away_is_tried_again(client, config, mail):
    """And its letter was surely not sent."""
    accepted(client, an_event(data={"name": "Kari"}))

    await work(config(port=1))

    found = record(client)
    assert StepState.FAILED is found.ledger["0.0"].state
    assert "io_error" in (found.reason, found.attempts[0].detail.split()[0])


async def test_a_template_that_asks_for_what_is_not_there_sends_nothing(client, config, mail):
    """An empty word in a letter to a customer is worse than a dead letter."""
    accepted(client, an_event())

    await work(config())

    found = record(client)
    assert (Status.DEAD, "template_failed") == (found.status, found.reason)
    assert "hello" in found.error
    assert "has no attribute 'name'" in found.error
    assert [] == mail.letters


@pytest.mark.parametrize(
    ("step", "said"),
    [
        pytest.param({"template": "helo"}, "there is no template helo.txt", id="missing"),
        pytest.param(
            {"template": "headless"}, "the first line of headless.txt is its subject", id="no subject"
        ),
        pytest.param({"template": "broken"}, "broken.txt, line 4: ", id="syntax"),
        pytest.param({"template": "../hello"}, "String should match pattern", id="outside"),
        pytest.param({"recipient": "kari"}, "expected an e-mail address", id="no address"),
        pytest.param({"recipient": "a@b.no, c@d.no"}, "expected an e-mail address", id="two addresses"),
    ],
)
async def test_a_wrong_step_is_found_before_the_start(config, tmp_path, step, said):
    """`orderhook workflows check` needs no password for it, either."""
    (tmp_path / "templates" / "headless.txt").write_text("Hello\n")
    (tmp_path / "templates" / "broken.txt").write_text("Subject: a\n\none\n{% if %}\n")

    with pytest.raises(ConfigError, match=said):
        definitions(config(step, password="env:NOT_SET"))


async def test_a_step_without_a_mail_server_is_found_before_the_start(config):
    """It would fail with the first order."""
    raw = config()
    del raw.values["email"]

    with pytest.raises(ConfigError, match=r"expected a table \[email\]"):
        definitions(raw)
