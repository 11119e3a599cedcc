"""Keys, certificates and the library below: read, written, and freed again."""

from __future__ import annotations

import base64
import gc
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.messages.signatures.makings import AT, DATA, FROM, ORDER, TO, check, record, signer, trusting
from tripoint.kernel.refusals import Busy, Conflict, Malformed
from tripoint.messages.signatures import libcrypto, sm2, verifying
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.certificates import KeyKind, TrustedCertificates, parse_certificate
from tripoint.messages.signatures.keys import SigningKey, generate, verifying_key
from tripoint.messages.signatures.verdicts import Reason, SignatureState

WEAK = DATA / "weak-rsa-512.pem"
"""A key of 512 bits and a certificate of it, which no library makes any more."""
KINDS: tuple[KeyKind, ...] = ("rsa", "sm2")
MAIN = {"rsa": SignatureAlgorithm.RSA_SHA256, "sm2": SignatureAlgorithm.SM2_SM3}


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_certificate_says_what_it_was_made_with(kind: KeyKind) -> None:
    signer(kind)
    after = datetime(2060, 5, 6, 7, 8, 9, tzinfo=UTC)  # beyond 2049 the form of the date changes
    _, certificate = generate(kind, "示例操作员", "示例企业", FROM, after, 0xABCDE)
    assert certificate.subject == certificate.issuer == "CN=示例操作员,O=示例企业,C=CN"
    assert (certificate.not_before, certificate.not_after) == (FROM, after)
    assert (certificate.serial, certificate.key_name) == ("0abcde", "000abcde")
    assert certificate.key_kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_is_the_same_from_der_pem_and_base64(kind: KeyKind) -> None:
    certificate = signer(kind).certificate
    text = base64.encodebytes(certificate.der)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    assert (
        parse_certificate(certificate.der) == parse_certificate(text) == parse_certificate(pem) == certificate
    )


@pytest.mark.parametrize(
    "data", [b"", b"0", b"0\x82", b"-----BEGIN CERTIFICATE-----\nAA==\n", b"AAAA", b"\xff\xfe"]
)
def test_refuses_what_is_no_certificate(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_certificate(data)


def test_refuses_a_certificate_followed_by_anything() -> None:
    with pytest.raises(Malformed):
        parse_certificate(signer("rsa").certificate.der + b"\0")


def test_refuses_to_register_a_certificate_twice() -> None:
    line = record(signer("rsa").certificate)
    with pytest.raises(Conflict):
        TrustedCertificates([line, line])


def test_a_key_that_is_too_short_signs_nothing_and_stands_for_nothing() -> None:
    key, certificate = WEAK.read_bytes().split(b"-----BEGIN CERTIFICATE-----")
    with pytest.raises(Malformed, match="512 bits") as refusal:
        SigningKey.from_pem(key)
    assert refusal.value.code == "signature.key_too_short"
    weak = parse_certificate(b"-----BEGIN CERTIFICATE-----" + certificate)
    assert (weak.key_bits, weak.is_weak) == (512, True)
    one = signer("rsa")
    xml = one.sign(ORDER, SignatureAlgorithm.RSA_SHA1)
    claimed = xml.replace(base64.b64encode(one.certificate.der), base64.b64encode(weak.der))
    assert check(claimed, TrustedCertificates([record(weak)])).reason is Reason.KEY_TOO_SHORT


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_says_how_long_its_key_is(kind: KeyKind) -> None:
    certificate = signer(kind).certificate
    assert (certificate.key_bits, certificate.is_weak) == ({"rsa": 2048, "sm2": 256}[kind], False)


@pytest.mark.parametrize("bits", [1024, 2048])
def test_keys_as_long_as_those_of_cards_in_use_are_taken(bits: int) -> None:
    pem = rsa.generate_private_key(public_exponent=65537, key_size=bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert SigningKey.from_pem(pem).kind == "rsa"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", [None, "口令 secret"])
def test_a_key_survives_pem(kind: KeyKind, password: str | None) -> None:
    one = signer(kind)
    pem = one.key.to_pem(password)
    assert (b"ENCRYPTED" in pem) == (password is not None)
    again = SigningKey.from_pem(pem, password)
    assert again.kind == kind
    value = again.sign(MAIN[kind], b"octets")
    assert verifying_key(one.certificate).verify(MAIN[kind], b"octets", value)
    assert not verifying_key(one.certificate).verify(MAIN[kind], b"octet", value)


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_a_wrong_or_missing_password_without_asking_anybody(kind: KeyKind) -> None:
    pem = signer(kind).key.to_pem("right")
    for password in ("wrong", "", None):
        with pytest.raises(Malformed):
            SigningKey.from_pem(pem, password)
    with pytest.raises(Malformed):
        SigningKey.from_pem(b"nothing")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_does_not_show_itself(kind: KeyKind) -> None:
    assert repr(signer(kind).key) == f"SigningKey(kind='{kind}')"


def test_a_key_of_one_kind_never_verifies_the_other() -> None:
    rsa, ecc = verifying_key(signer("rsa").certificate), verifying_key(signer("sm2").certificate)
    assert not rsa.verify(SignatureAlgorithm.SM2_SM3, b"", b"\1" * 64)
    assert not ecc.verify(SignatureAlgorithm.RSA_SHA256, b"", b"\1" * 256)


def test_an_sm2_certificate_whose_point_is_not_on_the_curve_verifies_nothing() -> None:
    one = signer("sm2")
    der = bytearray(one.certificate.der)
    der[der.index(sm2_point_header()) + 30] ^= 1
    broken = parse_certificate(bytes(der))
    xml = one.sign(ORDER, SignatureAlgorithm.SM2_SM3)
    xml = xml.replace(base64.b64encode(one.certificate.der), base64.b64encode(broken.der))
    assert check(xml, TrustedCertificates([record(broken)])).reason is Reason.VALUE_MISMATCH


def sm2_point_header() -> bytes:
    """A BIT STRING of an uncompressed point of 64 octets."""
    return bytes.fromhex("03420004")


def test_says_what_is_missing_where_there_is_no_openssl_and_rsa_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = signer("rsa"), signer("sm2")
    messages = one.sign(ORDER, SignatureAlgorithm.RSA_SHA1), other.sign(ORDER, SignatureAlgorithm.SM2_SM3)
    pem = other.key.to_pem()
    with monkeypatch.context() as patch:
        patch.setattr(libcrypto, "NAMES", ("libcrypto-of-nowhere.so",))
        patch.setattr(libcrypto.ctypes.util, "find_library", lambda _: None)
        libcrypto.libcrypto.cache_clear()
        verifying._key.cache_clear()
        assert check(messages[0], trusting(one, other)).state is SignatureState.VALID
        assert parse_certificate(other.certificate.der) == other.certificate
        for attempt in (
            lambda: check(messages[1], trusting(one, other)),
            lambda: SigningKey.from_pem(pem),
            lambda: generate("sm2", "a", "b", FROM, TO, 1),
        ):
            with pytest.raises(libcrypto.Sm2Unavailable, match=r"libcrypto\.so\.3") as refusal:
                attempt()
            assert isinstance(refusal.value, Busy)
            assert "libcrypto.so.3" in refusal.value.text.zh
    libcrypto.libcrypto.cache_clear()
    assert check(messages[1], trusting(one, other)).state is SignatureState.VALID


def test_leaves_no_error_behind_in_the_library() -> None:
    one = signer("sm2")
    library = libcrypto.libcrypto()
    assert not verifying_key(one.certificate).verify(SignatureAlgorithm.SM2_SM3, b"x", b"\1" * 64)
    with pytest.raises(Malformed):
        sm2.key_of_certificate(b"0\0")
    with pytest.raises(Malformed):
        sm2.key_of_certificate(signer("rsa").certificate.der)
    library.ERR_peek_error.restype = libcrypto.c_ulong
    assert library.ERR_peek_error() == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the process's size from /proc")
def test_keeps_no_memory() -> None:
    one = signer("sm2")
    pem, plain = one.key.to_pem("secret"), one.key.to_pem()
    value = one.key.sign(SignatureAlgorithm.SM2_SM3, b"octets" * 100)

    def work(times: int) -> None:
        for _ in range(times):
            key = sm2.key_of_certificate(one.certificate.der)
            assert key.verify(b"octets" * 100, value)
            assert not key.verify(b"octets", b"\1" * 64)
        for _ in range(times // 4):
            fresh = sm2.generate_key()
            fresh.sign(b"octets")
            fresh.self_signed("a", "b", FROM, AT, 1)
            sm2.key_from_pem(plain, None).to_pem(None)
        for _ in range(times // 100):  # deriving a key from a password is slow on purpose
            SigningKey.from_pem(pem, "secret").to_pem()
            with pytest.raises(Malformed):
                SigningKey.from_pem(pem, "wrong")
        gc.collect()

    work(100)
    before = resident_octets()
    work(800)
    assert resident_octets() - before < 500_000  # a certificate or a context lost each time is more


def resident_octets() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
