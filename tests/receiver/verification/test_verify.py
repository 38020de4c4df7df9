"""
Verification as a whole: a verdict for anything, and no way around it.
"""

import itertools
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification import Rejected, RejectionCode, Verified, Verifier
from tests.support.schemes import (
    BODY,
    ED25519_SECRET,
    EVERY_SCHEME,
    NOW,
    PROOF,
    SIGNED,
    STANDARD_SECRET,
    TEXT_SECRET,
    TIMED,
    arrived,
    delivery,
    scheme,
    settings_of,
    with_header,
)

VERIFIERS = {name: Verifier.build(settings_of(name)) for name in EVERY_SCHEME}
GOOD = {name: delivery(settings_of(name)) for name in EVERY_SCHEME}
NAMES = sorted({name for verifier in VERIFIERS.values() for name in verifier.security_headers})
UNSIGNED_HEADERS = {b"content-type", b"content-length", b"host", b"x-type"} | {
    b"x-github-delivery",
    b"x-github-event",
    b"x-shopify-event-id",
    b"x-shopify-topic",
    b"x-wc-webhook-topic",
}

#: What header values are made of, to be put together in any way.
PIECES = st.sampled_from(
    [
        b"v1,",
        b"v1a,",
        b"v2,",
        b"v1=",
        b"t=",
        b"sha256=",
        b"sig=",
        b"Basic ",
        b" ",
        b",",
        b"=",
        b"0" * 64,
        b"A" * 43 + b"=",
    ]
    + [b"A" * 86 + b"==", b"1700000000", b"nan", "١".encode(), b"\0", b"\xff", b"msg_1", b"."]
    + [value for headers in GOOD.values() for _, value in headers]
)
ANY_VALUE = st.one_of(st.binary(max_size=50), st.lists(PIECES, max_size=20).map(b"".join))
ANY_HEADERS = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), ANY_VALUE, max_size=12).map(
        lambda headers: list(headers.items())
    ),
    st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.binary(max_size=20)), ANY_VALUE), max_size=4),
)
ANY_TIME = st.one_of(st.floats(), st.integers(-(2**63), 2**63).map(float), st.just(float(NOW)))


@pytest.mark.parametrize("name", EVERY_SCHEME)
@given(headers=ANY_HEADERS, body=st.binary(max_size=100), now=ANY_TIME)
def test_verification_is_total(name, headers, body, now):
    """S5: an exception would be a 500, which is our fault to the sender, and a way to make alarms."""
    verdict = VERIFIERS[name].verify(headers, body, now=now)

    assert isinstance(verdict, Verified | Rejected)


@pytest.mark.parametrize("name", [name for name in EVERY_SCHEME if name != "unsigned"])
@given(headers=ANY_HEADERS, body=st.binary(max_size=100))
def test_nothing_is_verified_without_the_right_proof(name, headers, body):
    """S1: absent, empty and strange headers end in a refusal; there is no path on which nothing is compared."""
    proof = dict(GOOD[name])[PROOF[name]]
    without = [(key, value) for key, value in headers if proof not in value]

    assert isinstance(VERIFIERS[name].verify(without, body, now=float(NOW)), Rejected)


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_an_honest_delivery_is_verified(name):
    """The base of all tests below: what they spoil is good."""
    verdict = VERIFIERS[name].verify(GOOD[name], BODY, now=float(NOW))

    assert isinstance(verdict, Verified)
    assert EVERY_SCHEME[name]["type"] == verdict.scheme


@pytest.mark.parametrize("name", PROOF)
def test_every_subset_of_the_headers_lacks_something(name):
    """S1: a library of another product took a delivery without a signature header for a good one."""
    for size in range(len(GOOD[name])):
        for subset in itertools.combinations(GOOD[name], size):
            left_out = {header for header, _ in GOOD[name]} - {header for header, _ in subset}
            verdict = VERIFIERS[name].verify(list(subset), BODY, now=float(NOW))

            assert isinstance(verdict, Verified) == (left_out <= UNSIGNED_HEADERS), left_out
            if isinstance(verdict, Rejected) and PROOF[name] in left_out:
                assert RejectionCode.SIGNATURE_MISSING == verdict.code


@pytest.mark.parametrize("name", PROOF)
def test_no_prefix_of_a_signature_is_enough(name):
    """S4, CVE-2024-21491: a comparison that ends with the shorter value accepts the beginning of a signature."""
    proof = dict(GOOD[name])[PROOF[name]]

    for length in range(len(proof)):
        verdict = VERIFIERS[name].verify(
            with_header(GOOD[name], PROOF[name], proof[:length]), BODY, now=float(NOW)
        )
        assert isinstance(verdict, Rejected), length


def mutations(proof):
    """Yield every value that is one byte away: changed, left out, put in, swapped with its neighbour, in other case."""
    for place in range(len(proof)):
        yield from (proof[:place] + bytes([other]) + proof[place + 1 :] for other in range(256))
        yield proof[:place] + proof[place + 1 :]
        yield proof[:place] + proof[place + 1 : place + 2] + proof[place : place + 1] + proof[place + 2 :]
    for place in range(len(proof) + 1):
        yield from (
            proof[:place] + other + proof[place:] for other in (b" ", b",", b"=", b"\0", b"\n", b"0", b"A")
        )
    yield from (proof.upper(), proof.swapcase(), proof + proof, proof * 2 + b" ")


@pytest.mark.parametrize("name", PROOF)
def test_no_mutation_of_a_proof_is_accepted(name):
    """S3: more than 10 000 values next to the right one; a second spelling would be a replay that looks new."""
    proof = dict(GOOD[name])[PROOF[name]]
    verify = VERIFIERS[name].verify

    accepted = {
        other
        for other in mutations(proof)
        if isinstance(verify(with_header(GOOD[name], PROOF[name], other), BODY, now=float(NOW)), Verified)
    } - {proof}

    # HTTP's own schemes may be written in any case; what stands behind the word may not.
    assert {other for other in accepted if name != "basic" or other[5:] != proof[5:]} == set()


@pytest.mark.parametrize("name", SIGNED)
@given(place=st.integers(0, len(BODY) - 1), bits=st.integers(1, 255))
def test_no_bit_of_the_body_may_change(name, place, bits):
    """What the sender signed is what the workers will act on."""
    body = BODY[:place] + bytes([BODY[place] ^ bits]) + BODY[place + 1 :]

    verdict = VERIFIERS[name].verify(GOOD[name], body, now=float(NOW))

    assert isinstance(verdict, Rejected)
    assert RejectionCode.SIGNATURE_INVALID == verdict.code


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("age", [-86_400, -301, -300, 0, 300, 301, 86_400])
def test_a_signed_time_is_kept_to(name, age):
    """S10: outside the tolerance a delivery is a replay."""
    verdict = VERIFIERS[name].verify(GOOD[name], BODY, now=float(NOW + age))

    fresh = abs(age) <= VERIFIERS[name].tolerance_s
    assert fresh == isinstance(verdict, Verified)
    assert fresh or RejectionCode.TIMESTAMP_STALE == verdict.code


@pytest.mark.parametrize("name", EVERY_SCHEME)
@pytest.mark.parametrize("second", [b"", b"other", None], ids=["empty", "other", "the same"])
def test_a_doubled_header_is_malformed(name, second):
    """S7: we would read the first and a proxy in front of us the last, or the other way round."""
    for header in sorted(VERIFIERS[name].security_headers):
        value = dict(GOOD[name]).get(header, b"1")
        twice = [(header, value), (header, value if second is None else second)]
        kept = with_header(GOOD[name], header, None)
        for doubled in ([*twice, *kept], [*kept, *reversed(twice)]):
            verdict = VERIFIERS[name].verify(doubled, BODY, now=float(NOW))

            assert isinstance(verdict, Rejected)
            assert RejectionCode.REQUEST_MALFORMED == verdict.code
            assert f"{header.decode()} came twice" == verdict.detail


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_any_other_header_may_come_twice(name):
    """`Via` and `X-Forwarded-For` of several proxies are no attack."""
    headers = [(b"via", b"a"), *GOOD[name], (b"via", b"b")]

    assert isinstance(VERIFIERS[name].verify(headers, BODY, now=float(NOW)), Verified)


def other_secret(name):
    """Return the settings of a second source with the same scheme."""
    secret = {
        STANDARD_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ED25519_SECRET: "whsk_V0VCSE9PS0FTWU1NRVRSSUNURVNUUFJJVkFURUtFWTE=",
        TEXT_SECRET: "another",
    }[EVERY_SCHEME[name]["secrets"][0]]
    return settings_of(name, secrets=[secret])


@pytest.mark.parametrize("name", PROOF)
def test_a_delivery_for_one_source_is_not_one_for_another(name):
    """S13: a customer of the same sender must not be able to post its own events to ours."""
    verdict = Verifier.build(other_secret(name)).verify(GOOD[name], BODY, now=float(NOW))

    assert isinstance(verdict, Rejected)
    assert RejectionCode.SIGNATURE_INVALID == verdict.code


@pytest.mark.parametrize("name", PROOF)
def test_a_rotation_has_no_gap_and_no_second_way_in(name):
    """S17: both secrets work while both are in force; then the old one is worth nothing."""
    old, new = EVERY_SCHEME[name]["secrets"][0], other_secret(name).secrets[0].secret
    both = settings_of(
        name,
        secrets=[
            {"secret": new, "not_before": "2023-11-14T22:13:20Z"},  # NOW
            {"secret": old, "not_after": "2023-11-14T22:14:20Z"},
        ],
    )
    by_old, by_new = GOOD[name], delivery(other_secret(name))

    def index(headers, second):
        verdict = Verifier.build(both).verify(headers, BODY, now=float(NOW + second))
        return verdict.secret_index if isinstance(verdict, Verified) else verdict.code

    assert [1, 1, 1] == [index(by_old, second) for second in (-1, 0, 59)]
    assert [RejectionCode.SIGNATURE_INVALID] * 2 == [index(by_old, second) for second in (60, 61)]
    assert [RejectionCode.SIGNATURE_INVALID, 0, 0] == [index(by_new, second) for second in (-1, 0, 61)]


@pytest.mark.parametrize("name", PROOF)
def test_all_secrets_are_tried(name):
    """An expired secret that matches must not hide one that is in force, wherever it stands."""
    secret = EVERY_SCHEME[name]["secrets"][0]
    expired = {"secret": secret, "not_after": "2020-01-01T00:00:00Z"}

    verdict = Verifier.build(settings_of(name, secrets=[expired, secret, secret])).verify(
        GOOD[name], BODY, now=float(NOW)
    )

    assert isinstance(verdict, Verified)
    assert 1 == verdict.secret_index


def test_an_algorithm_is_of_the_source_and_not_of_the_delivery():
    """S16: a delivery that could choose would choose the weakest."""
    weak = delivery(scheme(type="hmac", header="X-Signature", algorithm="sha1", secrets=[TEXT_SECRET]))

    verdict = VERIFIERS["hmac"].verify(weak, BODY, now=float(NOW))

    assert isinstance(verdict, Rejected)
    assert RejectionCode.SIGNATURE_MALFORMED == verdict.code


@pytest.mark.parametrize(
    ("name", "signs_id", "authentic", "tolerance_s"),
    [
        ("standard-webhooks", True, True, 300),
        ("hmac of all", True, True, 300),
        ("stripe", True, True, 300),
        ("github", False, True, 300),
        ("shopify", False, True, 300),
        ("header", False, True, 0),
        ("basic", False, True, 0),
        ("unsigned", False, False, 0),
    ],
)
def test_a_verifier_says_what_its_verdicts_are_worth(name, signs_id, authentic, tolerance_s):
    """The receiver decides from it between quarantine and 400, and how long a body is remembered."""
    verifier = VERIFIERS[name]

    assert (signs_id, authentic, tolerance_s) == (verifier.signs_id, verifier.authentic, verifier.tolerance_s)


def test_stripe_keeps_id_and_type_in_the_body():
    """`evt_…` is signed there, and in no header."""
    assert ("id", "type") == (VERIFIERS["stripe"].id_path, VERIFIERS["stripe"].type_path)
    assert (None, None) == (VERIFIERS["github"].id_path, VERIFIERS["github"].type_path)


def everything_shown(name):
    """Yield what could end in a log or in an answer: settings, verifier, its parts, and verdicts good and bad."""
    verifier, good = VERIFIERS[name], GOOD[name]
    yield from (settings_of(name), settings_of(name).model_dump(), settings_of(name).model_dump_json())
    yield from (verifier, verifier.check, vars(verifier.check))
    proof = dict(good).get(PROOF.get(name, b""), b"")
    for value in (None, b"", proof[:-1], proof + b"x", proof.upper(), b"junk", TEXT_SECRET.encode()):
        for body in (BODY, b"other"):
            yield verifier.verify(with_header(good, PROOF.get(name, b""), value), body, now=float(NOW))
    yield from (
        verifier.verify(good, body, now=now) for body in (BODY, b"") for now in (0.0, float(NOW), 9e9)
    )
    yield verifier.verify([*good, *good], BODY, now=float(NOW))


@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_no_secret_and_no_signature_is_shown_anywhere(name, caplog):
    """adnanh/webhook#85 answered a wrong signature with the right one; and logs are read by many."""
    with caplog.at_level(logging.DEBUG):
        for shown in everything_shown(name):
            logging.getLogger("test").info("%s %r", shown, shown)

    proof = dict(GOOD[name]).get(PROOF.get(name, b""), b"no proof").decode()
    for secret in (
        TEXT_SECRET,
        STANDARD_SECRET[6:],
        ED25519_SECRET[5:],
        proof,
        proof.rpartition("=")[2] or proof,
    ):
        assert secret not in caplog.text


def test_a_rejection_shows_nothing_of_what_was_sent():
    """Somebody may have put the secret itself into the header, or a line of log."""
    headers = arrived(
        [("X-Hub-Signature-256", "sha256=INJECTED\r\nlevel=critical"), ("X-GitHub-Delivery", "INJECTED id")]
    )

    verdict = VERIFIERS["github"].verify(headers, BODY, now=0.0)

    assert isinstance(verdict, Rejected)
    assert "INJECTED" not in verdict.detail
