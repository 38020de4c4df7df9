"""URLs as operators and attackers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.egress import parse

REFUSED = {
    "http": "http://erp.example.com/",
    "another scheme": "ftp://erp.example.com/",
    "a file": "file:///etc/passwd",
    "no scheme": "erp.example.com/hooks",
    "no host": "https:///hooks",
    "a user": "https://user@erp.example.com/",
    "a password": "https://user:hush@erp.example.com/",
    "an empty user": "https://@erp.example.com/",
    "another port": "https://erp.example.com:6379/",
    "port 0": "https://erp.example.com:0/",
    "a port that is none": "https://erp.example.com:99999/",
    "a fragment": "https://erp.example.com/#x",
    "a backslash": "https://erp.example.com\\@127.0.0.1/",
    "a fragment before the at": "https://erp.example.com#@127.0.0.1/",
    "a space": "https://erp.example.com /",
    "a line end": "https://erp.example.com/\r\nHost: x",
    "letters that are none of ASCII": "https://ерп.example.com/",
    "digits in circles": "https://①②⑦.0.0.1/",
    "an ideographic full stop": "https://127。0。0。1/",
    "loopback": "https://127.0.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data",
    "decimal": "https://2130706433/",
    "hex": "https://0x7f000001/",
    "octal": "https://0177.0.0.1/",
    "short": "https://127.1/",
    "zero": "https://0/",
    "a trailing dot": "https://127.0.0.1./",
    "hex at the end": "https://1.2.3.0x4/",
    "two dots": "https://erp..example.com../",
    "loopback of IPv6": "https://[::1]/",
    "mapped": "https://[::ffff:127.0.0.1]/",
    "NAT64": "https://[64:ff9b::a9fe:a9fe]/",
    "a zone": "https://[fe80::1%25eth0]/",
    "a percent in the host": "https://127.0.0.1%2eexample.com/",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_what_may_lead_elsewhere_is_refused(url):
    """Every one has been a way around somebody's check."""
    with pytest.raises(ValueError):
        parse(url)


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_no_refusal_shows_path_query_or_password(url):
    """The message is read in logs and tickets, and the path of a webhook's URL is often its password."""
    with pytest.raises(ValueError) as refused:
        parse(url + "hush")

    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://erp.example.com/hooks/token-1?key=2", "https://erp.example.com:443"),
        ("https://erp.example.com", "https://erp.example.com:443"),
        ("https://erp.example.com.:8443/x", "https://erp.example.com.:8443"),
        ("HTTPS://ERP.example.com/x", "https://ERP.example.com:443"),
        ("https://xn--80ak6aa92e.com/", "https://xn--80ak6aa92e.com:443"),
        ("https://8.8.8.8/", "https://8.8.8.8:443"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]:443"),
    ],
)
def test_what_is_public_is_taken_and_shown_without_its_path(url, shown):
    """What stands in the doctor's line and in a dead letter is the host, and no token."""
    assert shown.lower() == parse(url).shown.lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.internal:8080/hooks",
        "http://127.0.0.1:9000/",
        "https://10.0.0.7:9443/",
        "http://[::1]:80/",
    ],
)
def test_ones_own_network_can_be_allowed(url):
    """http, any port and private addresses come as one: who allows one of them is at home."""
    assert parse(url, allow_private=True).url.host


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://u:p@10.0.0.1/",
        "file:///etc",
    ],
)
def test_some_urls_are_refused_even_then(url):
    """Nothing of one's own is there."""
    with pytest.raises(ValueError):
        parse(url, allow_private=True)


@given(st.text(alphabet=st.sampled_from("htps:/.@#?%[]\\ 0127x-eé"), max_size=40), st.booleans())
def test_any_text_is_taken_or_refused(text, allow_private):
    """A configuration with a slip must be told what is wrong with it."""
    try:
        found = parse(text, allow_private=allow_private)
    except ValueError:
        return
    assert found.url.host
