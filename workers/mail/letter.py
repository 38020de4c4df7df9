"""
A letter, and its bytes. Pure; what goes into a header is made one line of here, and nowhere else.

Its Message-ID is the same in every attempt: a mail system that gets one twice may show it once. None has to.
"""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

#: A subject is cut at this many characters; ours, since nobody sees more.
LONGEST_SUBJECT = 200
#: Seven bits, which every server takes.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """
    What is sent, and to whom.

    Args:
        key: Names the letter; the same in every attempt.
        html: None where it is a plain text only.
    """

    key: str
    to: Address = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)


def as_bytes(letter: Letter, *, sender: Address, now: datetime) -> bytes:
    """Return the letter as it goes over the wire, but for the dots that SMTP doubles."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = letter.to
    message["Subject"] = one_line(letter.subject)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.key}@{sender.domain}>"
    # So that no holiday notice answers it. Source: RFC 3834, 5.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    return message.as_bytes()


def one_line(text: str) -> str:
    """
    Return *text* without line breaks and control characters, of whatever alphabet.

    Nor does what looks like an encoded word stay one: `email` decodes those of a header that it is given, and what
    was hidden in it, a line break, would come out.
    """
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(kept.replace("=?", "= ?").split())
