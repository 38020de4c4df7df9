"""
Make a text safe to keep and to show: no credential, e-mail address or control character, 200 characters.

It knows credentials by their look, so it is the last line, not the first: secrets do not belong in messages.
It knows nothing of where the text came from or goes to.
"""

import re

LIMIT = 200
# Everything past this is dropped unread: the cost stays bounded for a text of any size.
_READ_LIMIT = 2_000
_HIDDEN = "[redacted]"

# Every quantifier is bounded or follows a fixed start, so that the cost is linear in the text.
_EMAIL = re.compile(r"[\w.+'-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_USERINFO = re.compile(r"(://)[^\s/@]{1,256}@")
# A word of small letters is prose: "the bearer token has expired".
_SCHEME = re.compile(r"\b((?i:bearer|basic|digest)\s+)(?![a-z]{1,15}(?![^\s,;.:!?]))[^\s,;\"']+")
_NAMED = re.compile(
    r"""((?:authorization|cookie|token|secret|password|passwd|credential|api[_-]?key|signature)s?
         ["']?\s{0,4}[:=]\s{0,4})
        (?:"[^"]*"?|'[^']*'?|(?:bearer|basic|digest)\s+\S+|[^\s,;&]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_PREFIXED = re.compile(r"\b(?:whsec|whsk|whpk|sk|pk|rk|ghp|gho|ghs|xox[a-z]|eyJ)[_.-]?[\w.+/=-]{12,}")
_LONG_WORD = re.compile(r"[\w+=-]{24,}", re.ASCII)
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def redacted(text: str) -> str:
    """Return *text* with credentials and e-mail addresses hidden, control characters escaped, cut to 200."""
    return _cut("".join(map(_visible, _without_secrets(_head(text)))))


def slug(text: str) -> str:
    """Return *text* as a slug: lower case, digits and underscores, at most 64 characters, never empty."""
    return _NO_SLUG.sub("_", text[:64].lower()).strip("_") or "unnamed"


def _head(text: str) -> str:
    if len(text) <= _READ_LIMIT:
        return text
    # The last word goes too: half a credential is no longer recognised as one.
    head, _, _ = text[:_READ_LIMIT].rpartition(" ")
    return head or text[:LIMIT]


def _without_secrets(text: str) -> str:
    text = _USERINFO.sub(rf"\1{_HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _SCHEME.sub(rf"\1{_HIDDEN}", text)
    text = _PREFIXED.sub(_HIDDEN, text)
    text = _EMAIL.sub("[e-mail]", text)
    return _LONG_WORD.sub(_unless_random, text)


def _unless_random(match: re.Match[str]) -> str:
    """Hide a long word of mixed case and digits; UUIDs and hex digests are not, and operators need them."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return _HIDDEN if all(any(map(kind, match[0])) for kind in kinds) else match[0]


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _cut(text: str) -> str:
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"
