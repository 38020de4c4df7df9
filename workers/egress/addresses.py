"""
Which addresses may be connected to. Pure: an address as text goes in, a reason against it or nothing comes out.

`is_global` alone does not do: by Python 3.11 it holds of addresses that carry an IPv4 address inside (NAT64, 6to4),
of multicast and of 192.0.0.8, and its tables change from one Python to the next. So IPv6 is an allow-list (RFC 4291:
global unicast is 2000::/3), and what must never be reached is spelled out.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_GLOBAL_V6 = ip_network("2000::/3")
#: What `allow_private` opens, of IPv6; of IPv4 it is all that is not global and not in the lists below.
_PRIVATE_V6 = (ip_network("fc00::/7"), ip_network("::1/128"))

#: Not reached whatever the settings say: no peer of one's own lives there, but the metadata of every cloud does.
_NEVER_V4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this machine, by another name
            "169.254.0.0/16",  # link-local, and the metadata of AWS, Google, Azure and others
            "168.63.129.16/32",  # Azure's wire server; it is a public address
            "100.100.100.200/32",  # the metadata of Alibaba
            "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is the metadata of Oracle
            "192.88.99.0/24",  # 6to4 relays
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_NEVER_V6 = tuple(
    map(
        ip_network,
        (
            "fd00:ec2::/32",  # the metadata of AWS
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: carries an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)


def refusal(address: str, *, allow_private: bool = False) -> str:
    """
    Return why no connection to this address is made; nothing where it may be.

    Args:
        address: As a resolver gives it, or as it stands in a URL without its brackets.
        allow_private: Private, loopback and shared (100.64.0.0/10) addresses may be.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return "it is no address"
    if isinstance(found, IPv6Address):
        if found.scope_id:
            return "it has a zone"
        found = found.ipv4_mapped or found
    return (
        _v4(found, allow_private=allow_private)
        if isinstance(found, IPv4Address)
        else _v6(found, allow_private=allow_private)
    )


def _v4(address: IPv4Address, *, allow_private: bool) -> str:
    if any(address in network for network in _NEVER_V4):
        return "it is link-local, multicast, reserved or a cloud's metadata"
    return "" if address.is_global or allow_private else "it is not public"


def _v6(address: IPv6Address, *, allow_private: bool) -> str:
    if any(address in network for network in _NEVER_V6):
        return "it is reserved, carries another address or is a cloud's metadata"
    if any(address in network for network in _PRIVATE_V6):
        return "" if allow_private else "it is not public"
    return "" if address in _GLOBAL_V6 and address.is_global else "it is not public"
