"""
What may be an address of an e-mail. Pure, and total: an address comes out of a payload as often as of a setting.

Narrower than the standard allows: one mailbox, no quotes, no comments, no route, ASCII in front of the @. So no text
can be two addresses to one reader and one to another, and none can leave its header.
"""

import re
from email.headerregistry import Address

_EXPECTED = "an e-mail address such as kari@example.com"
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
#: RFC 5321, 4.5.3.1.
_LONGEST, _LONGEST_LOCAL = 254, 64


def mailbox(text: str) -> Address:
    """
    Return the address; its domain in ASCII, whatever letters it was written in.

    Raises:
        ValueError: It is none; shows nothing of the text, which may be a customer's.
    """
    local, at, domain = text.rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise ValueError(f"expected {_EXPECTED}")
    found = Address(username=local, domain=_ascii(domain))
    if len(found.addr_spec) > _LONGEST:
        raise ValueError(f"expected {_EXPECTED}, of up to {_LONGEST} characters")
    return found


def sender(text: str) -> Address:
    """
    Return the address that letters come from, with the name before it: `Nordlys <orders@example.com>`.

    Raises:
        ValueError: It is none.
    """
    if not text.isprintable() or len(text) > _LONGEST:
        raise ValueError(f"expected {_EXPECTED}, or a name and <address>")
    name, bracket, rest = text.partition("<")
    if not bracket:
        return mailbox(text.strip())
    if not rest.endswith(">"):
        raise ValueError(f"expected {_EXPECTED}, or a name and <address>")
    plain = mailbox(rest.removesuffix(">"))
    return Address(name.strip().strip('"'), plain.username, plain.domain)


def _ascii(domain: str) -> str:
    try:
        found = domain.encode("idna").decode("ascii").lower() if len(domain) <= _LONGEST else ""
    except ValueError:  # UnicodeError is one
        found = ""
    if not found or not all(_LABEL.fullmatch(label) for label in found.split(".")):
        raise ValueError(f"expected {_EXPECTED}")
    return found
