"""What a URL of sentinels says, and that nothing of a bad one is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import redis_url
from receiver.redis_url import BadRedisUrl

CANARY = "canary-4f1c"


def test_a_url_names_the_sentinels_the_primary_and_the_database():
    """One line of configuration says all that is needed to find the primary."""
    url = redis_url.read("redis+sentinel://one:26380,two,[::1]:5/orders/2")

    assert (("one", 26380), ("two", 26379), ("::1", 5)) == url.sentinels
    assert ("orders", False) == (url.primary, url.tls)
    assert {"db": 2} == dict(url.redis_options)
    assert {} == dict(url.sentinel_options)
    assert "one:26380, two:26379, ::1:5" == url.places


def test_redis_and_the_sentinels_have_logins_of_their_own():
    """They are different servers, and often one of them has no password."""
    url = redis_url.read("redis+sentinel://us%40er:p%2Fw@one/o?sentinel_username=s&sentinel_password=a%26b+c")

    assert {"username": "us@er", "password": "p/w"} == dict(url.redis_options)
    assert {"username": "s", "password": "a&b+c"} == dict(url.sentinel_options)


def test_tls_is_for_redis_and_for_the_sentinels():
    """A password must not go in the clear to either."""
    url = redis_url.read("rediss+sentinel://:pw@one/o?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false")

    assert url.tls
    options = {"ssl_ca_certs": "/etc/ca.pem", "ssl_check_hostname": False}
    assert options | {"password": "pw"} == dict(url.redis_options)
    assert options == dict(url.sentinel_options)


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("one:26379", "without a name"),
        ("one:26379/", "without a name"),
        ("/orders", "no host:port"),
        ("one,/orders", "no host:port"),
        ("one:x/orders", "no host:port"),
        ("one:0/orders", "no host:port"),
        ("one:65536/orders", "no host:port"),
        ("one two/orders", "no host:port"),
        ("one/orders/first", "no number"),
        ("one/orders/1/2", "no number"),
        ("one/orders?sentinel_pasword=x", "expected one of sentinel_username, sentinel_password"),
        ("one/orders?ssl_ca_certs=/etc/ca.pem", "expected one of sentinel_username, sentinel_password"),
        ("user:pass/word@one/orders", "%40 in its place, as of / and ? in a password"),
        ("one/orders?sentinel_password=p@w", "%40"),
    ],
)
def test_a_url_that_cannot_be_read_says_what_was_expected(rest, says):
    """Whoever wrote it at three in the morning must not guess."""
    with pytest.raises(BadRedisUrl, match="expected") as caught:
        redis_url.read(f"redis+sentinel://{rest}")

    assert says in str(caught.value)


_PIECES = st.lists(
    st.sampled_from(
        [
            CANARY,
            ":",
            "@",
            "/",
            "?",
            "&",
            "=",
            ",",
            "[",
            "]",
            "%",
            "%2",
            "#",
            "sentinel_password=",
            "one",
            "1",
        ]
    ),
    max_size=12,
).map("".join)


@given(_PIECES | st.text(max_size=20), st.sampled_from(["redis+sentinel", "rediss+sentinel"]))
def test_any_url_is_read_or_refused_and_the_error_shows_nothing_of_it(rest, scheme):
    """A typing error moves a password to where a name was expected."""
    try:
        read = redis_url.read(f"{scheme}://{rest}")
    except BadRedisUrl as error:
        assert CANARY not in str(error)
    else:
        assert read.sentinels
        assert read.primary
        assert str(read.redis_options) not in repr(read) or not read.redis_options


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://u:pw@h:1/0", "redis://h:1/0"),
        ("redis://u:p@w@h/0?password=pw", "redis://h/0"),
        ("redis://h/0?password=p@w", "redis://***"),
        ("redis+sentinel://u:pw@one,two:5/o?sentinel_password=pw", "redis+sentinel://one,two:5/o"),
        ("redis+sentinel://one/o?sentinel_password=p@w", "redis+sentinel://***"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_what_may_be_a_password(url, shown):
    """It stands in error messages, which are copied into tickets."""
    assert shown == redis_url.shown(url)
