"""The guard's list: nothing but public addresses, whatever they are wrapped in."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.egress import refusal

#: The catalogue's table (O1, O2): what a request from inside must not reach.
REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:100.64.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "ffff::1",
]

ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:400f::1",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address):
    """Each of these has led somebody's webhook sender into its own network."""
    assert refusal(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_what_is_public_is_allowed(address):
    """A guard that refuses customers is switched off."""
    assert not refusal(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "::1", "fd00::1"])
def test_ones_own_network_can_be_allowed(address):
    """Most ERPs are not on the internet, and their operator says so by name."""
    assert not refusal(address, allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "fe80::1",
        "255.255.255.255",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "2001:0:a9fe:a9fe::1",
    ],
)
def test_metadata_is_refused_even_where_ones_own_network_is_allowed(address):
    """No ERP lives there, and the machine's credentials do."""
    assert refusal(address, allow_private=True)


@pytest.mark.parametrize(
    "text", ["", "erp.example.com", "127.1", "2130706433", "0x7f000001", "1.2.3.4 ", "[::1]"]
)
def test_what_is_no_address_is_refused(text):
    """The guard sees addresses only; what it cannot read must not pass."""
    assert refusal(text)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_that_is_not_global_is_refused(address: IPv4Address):
    """The list may be longer than Python's own, never shorter."""
    assert refusal(str(address)) or (address.is_global and not address.is_multicast)


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_that_is_not_global_is_refused(address: IPv6Address):
    """Of all of IPv6, one eighth is in use as public."""
    inside = address.ipv4_mapped
    public = address in ip_network("2000::/3") and address.is_global
    assert refusal(str(address)) or (inside.is_global if inside else public)


def _embedded(address: IPv4Address) -> list[str]:
    number = int(address)
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"::ffff:0:{address}",
        f"64:ff9b::{high}:{low}",
        f"64:ff9b:1::{high}:{low}",
        f"2002:{high}:{low}::1",
        f"2001:0:{high}:{low}::1",
        f"2001::{0xFFFF - (number >> 16):x}:{0xFFFF - (number & 0xFFFF):x}",
    ]


@given(st.ip_addresses(v=4, network="0.0.0.0/0"), st.integers(0, 7))
def test_no_form_of_ipv6_hides_an_ipv4_address_that_is_refused(address: IPv4Address, form: int):
    """Four standards put an IPv4 address into an IPv6 one, and a gateway takes it out again."""
    if refusal(str(address)):
        assert refusal(_embedded(address)[form])


@given(
    st.sampled_from(["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]),
    st.data(),
)
def test_every_address_of_a_private_network_is_refused_in_every_form(network, data):
    """Random addresses are seldom private; these always are."""
    address = data.draw(st.ip_addresses(v=4, network=network))

    assert refusal(str(address))
    assert all(map(refusal, _embedded(address)))


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text):
    """What a resolver returns is not ours to choose."""
    assert isinstance(refusal(text, allow_private=True), str)
