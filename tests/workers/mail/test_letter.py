"""The bytes of a letter: whatever an event says, it has the headers that we gave it, and no others."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workers.mail import Letter
from workers.mail.addresses import mailbox, sender
from workers.mail.letter import LONGEST_SUBJECT, as_bytes, one_line

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}


def letter(**changes) -> Letter:
    fields = {"key": "k" * 32, "to": mailbox("kari@example.com"), "subject": "Hello", "text": "Hello\n"}
    return Letter(**fields | changes)


def parsed(one: Letter):
    return message_from_bytes(
        as_bytes(one, sender=sender("orders@shop.example"), now=NOW), policy=policy.default
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(subject=texts, text=texts, html=st.none() | texts)
@example(subject="a\r\nBcc: evil@example.com\r\n\r\nbody", text=".\r\nMAIL FROM:<x>", html=None)
@example(subject="a\u2028Bcc: x\x85Bcc: y\x0bBcc: z\x00", text="\r\n.\r\n", html="")
@example(subject="=?utf-8?q?a=0ABcc:_x?=", text="", html=None)
@example(subject="ø" * 300, text="x" * 2000, html="æ" * 2000)
@example(subject="x" * 300, text="", html=None)
def test_no_text_adds_a_header(subject, text, html):
    """A customer's name is a line of ours only until it holds a line break."""
    found = parsed(letter(subject=subject, text=text, html=html))

    assert HEADERS >= set(found.keys())
    assert len(set(found.keys())) == len(found.keys())
    assert "kari@example.com" == found["to"]
    assert [] == found.defects
    head = as_bytes(letter(subject=subject), sender=sender("a@b.no"), now=NOW).partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))  # RFC 5322, 2.1.1


@given(subject=texts)
def test_a_subject_says_what_it_said(subject):
    """On one line, and cut where nobody reads any further."""
    assert one_line(subject)[:LONGEST_SUBJECT].strip() == one_line(parsed(letter(subject=subject))["subject"])


@given(text=st.text(max_size=80) | st.from_regex(r"\A[^@]{0,10}@[a-z.\r\n<>, ]{0,20}\Z"))
@example(text="a@b\r\nBcc: c@d.no")
@example(text="a@b.no,c@d.no")
@example(text='"a b"@c.no')
@example(text="a@b.no\n")
@example(text="<a@b.no>")
@example(text="a@[127.0.0.1]")
@example(text="a..b@c.no")
def test_what_is_taken_for_an_address_is_one(text):
    """Total: one mailbox comes out, of plain characters, or a ValueError that does not show the text."""
    try:
        found = mailbox(text)
    except ValueError as error:
        assert len(text) < 4 or text not in str(error)
        return

    spec = found.addr_spec
    assert spec.isascii()
    assert spec.isprintable()
    assert not set(spec) & set(' ,;:<>()[]\\"\r\n\t')
    assert 1 == spec.count("@")
    assert spec == parsed(letter(to=found))["to"]


@pytest.mark.parametrize(
    ("text", "domain"), [("kari@Blåbær.no", "xn--blbr-roah.no"), ("kari@EXAMPLE.com", "example.com")]
)
def test_a_domain_is_written_in_ascii(text, domain):
    """Norwegian shops have Norwegian domains, and SMTP has ASCII."""
    assert domain == mailbox(text).domain


@pytest.mark.parametrize("text", ["Nordlys <orders@shop.example>", '"Nordlys, AS" <orders@shop.example>'])
def test_a_sender_may_have_a_name(text):
    """It is what a customer sees first."""
    assert "orders@shop.example" == sender(text).addr_spec
    assert sender(text).display_name.startswith("Nordlys")


@pytest.mark.parametrize("text", ["Nordlys", "a <b>", "a <b@c.no", "a\n<b@c.no>", "a <b@c.no> x"])
def test_a_wrong_sender_is_refused(text):
    """Each letter would be."""
    with pytest.raises(ValueError, match="expected an e-mail address"):
        sender(text)


def test_a_letter_has_the_same_id_in_every_attempt():
    """A mail system that gets it twice may show it once."""
    assert parsed(letter())["message-id"] == parsed(letter(text="again"))["message-id"]
