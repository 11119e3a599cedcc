"""Messages signed by others: made with independent libraries, by the customs authority, and the shared samples."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from tests.messages.signatures.makings import (
    ALGORITHMS,
    AT,
    DATA,
    IN_DS,
    ORDER,
    SHARED,
    check,
    record,
    signer,
    signer_for,
)
from tripoint.kernel.refusals import Malformed
from tripoint.messages.signatures import sm2
from tripoint.messages.signatures.algorithms import DigestAlgorithm, SignatureAlgorithm
from tripoint.messages.signatures.certificates import Certificate, TrustedCertificates, parse_certificate
from tripoint.messages.signatures.keys import verifying_key
from tripoint.messages.signatures.verdicts import Reason, SignatureState


def own_register() -> TrustedCertificates:
    names = ("rsa", "sm2")
    return TrustedCertificates(
        record(parse_certificate((DATA / f"{name}.cer.b64").read_bytes()), name) for name in names
    )


def needs_sm2(name: str) -> None:
    if "sm2" in name:
        signer("sm2")


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("rsa-sha1", SignatureAlgorithm.RSA_SHA1),
        ("rsa-sha256", SignatureAlgorithm.RSA_SHA256),
        ("sm2-sm3", SignatureAlgorithm.SM2_SM3),
        ("sm2-sm3_transition", SignatureAlgorithm.SM2_SM3),
    ],
)
def test_verifies_what_other_libraries_signed(name: str, algorithm: SignatureAlgorithm) -> None:
    needs_sm2(name)
    verdict = check((DATA / f"CEB411_{name}.xml").read_bytes(), own_register())
    assert (verdict.state, verdict.algorithm) == (SignatureState.VALID, algorithm)
    assert verdict.enterprise_code == name[:3]


@pytest.mark.parametrize("name", ["rsa-sha1", "sm2-sm3"])
def test_refuses_them_once_the_amount_is_changed(name: str) -> None:
    verdict = check((DATA / f"CEB411_{name}_tampered.xml").read_bytes(), own_register())
    assert verdict.reason is Reason.DIGEST_MISMATCH


# --- the shared samples ----------------------------------------------------------------------------------------------

shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples do not lie beside this checkout")


def embedded(path: Path) -> Certificate:
    return parse_certificate(etree.parse(path).findtext(f".//{IN_DS}X509Certificate").encode())


def shared_register() -> TrustedCertificates:
    files = ("CEB311_rsa-sha1.xml", "CEB311_sm2-sm3_2022.xml")
    return TrustedCertificates(record(embedded(SHARED / file), file[7:10]) for file in files)


@shared
@pytest.mark.parametrize(
    ("file", "key_name"), [("rsa-sha1", "01234567"), ("sm2-sm3_2022", "03000000000abcde")]
)
def test_verifies_the_shared_vectors(file: str, key_name: str) -> None:
    needs_sm2(file)
    verdict = check((SHARED / f"CEB311_{file}.xml").read_bytes(), shared_register())
    assert (verdict.state, verdict.enterprise_code) == (SignatureState.VALID, file[:3])
    assert verdict.key_name == key_name == embedded(SHARED / f"CEB311_{file}.xml").key_name


@shared
def test_refuses_the_shared_vector_whose_amount_was_changed() -> None:
    xml = (SHARED / "CEB311_rsa-sha1_tampered_amount.xml").read_bytes()
    assert check(xml, shared_register()).reason is Reason.DIGEST_MISMATCH


@shared
def test_verifies_the_signed_info_that_the_authority_published() -> None:
    certificate = parse_certificate((SHARED / "official_2018_certificate.der.b64").read_bytes())
    octets = (SHARED / "official_2018_SignedInfo.c14n").read_bytes()
    value = base64.b64decode((SHARED / "official_2018_SignatureValue.b64").read_bytes())
    key = verifying_key(certificate)
    assert certificate.serial == "9927"
    assert key.verify(SignatureAlgorithm.RSA_SHA1, octets, value)
    assert not key.verify(SignatureAlgorithm.RSA_SHA256, octets, value)
    assert not key.verify(SignatureAlgorithm.RSA_SHA1, octets + b"\n", value)


@shared
def test_refuses_every_sample_that_carries_the_authoritys_copied_signature() -> None:
    trusted = TrustedCertificates(
        [record(parse_certificate((SHARED / "official_2018_certificate.der.b64").read_bytes()))]
    )
    signed = 0
    for path in sorted(SHARED.parent.glob("*.xml")):
        verdict = check(path.read_bytes(), trusted)
        assert verdict.state is not SignatureState.VALID, path.name
        signed += verdict.state is SignatureState.INVALID
    assert signed > 20


# --- other libraries as judges of ours -------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [one for one in ALGORITHMS if one.key_kind == "rsa"])
def test_xmlsec_verifies_what_is_signed_here(algorithm: SignatureAlgorithm) -> None:
    xmlsec = pytest.importorskip("xmlsec", reason="xmlsec is not installed")
    one = signer_for(algorithm)
    for xml in (ORDER, b'<a xml:lang="zh" xmlns="urn:d"><b c="&gt;"/>&#13;</a>'):
        root = etree.fromstring(one.sign(xml, algorithm))
        xmlsec_verify(xmlsec, root, one.certificate)
        root.set("late", "1")
        with pytest.raises(xmlsec.Error):
            xmlsec_verify(xmlsec, root, one.certificate)


def xmlsec_verify(xmlsec: Any, root: etree._Element, certificate: Certificate) -> None:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.der, xmlsec.KeyFormat.CERT_DER)
    context.verify(root.find(IN_DS + "Signature"))


def test_gmalg_verifies_what_is_signed_here_and_the_other_way_round() -> None:
    gmalg = pytest.importorskip("gmalg", reason="gmalg is not installed")
    one = signer("sm2")
    der = one.certificate.der
    place = der.index(bytes.fromhex("03420004")) + 3
    public = der[place : place + 65]
    judge = gmalg.SM2(None, sm2.DEFAULT_ID, public)
    value = one.key.sign(SignatureAlgorithm.SM2_SM3, b"octets")
    assert judge.verify(b"octets", value[:32], value[32:])
    secret, public = gmalg.SM2(None).generate_keypair()
    r, s = gmalg.SM2(secret, sm2.DEFAULT_ID, public).sign(b"octets")
    assert sm2.key_from_pem(pem_of(secret), None).verify(b"octets", r + s)
    assert not sm2.key_from_pem(pem_of(secret), None).verify(b"octets", s + r)


def pem_of(secret: bytes) -> bytes:
    """PKCS#8 of a bare SM2 key."""
    inner = bytes.fromhex("30250201010420") + secret
    body = bytes.fromhex("020100301306072a8648ce3d020106082a811ccf5501822d0427") + inner
    text = base64.encodebytes(b"\x30" + bytes([len(body)]) + body)
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"-----END PRIVATE KEY-----\n"


def test_the_three_digests_are_those_of_the_standards() -> None:
    assert DigestAlgorithm.SHA1.hash(b"a", b"bc").hex() == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert DigestAlgorithm.SHA256.hash(b"abc") == hashlib.sha256(b"abc").digest()
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905, example 1
    assert DigestAlgorithm.SM3.hash(b"ab", b"c").hex() == expected


def test_refuses_a_certificate_of_another_curve() -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, AT).sign(key, hashes.SHA256())
    with pytest.raises(Malformed):
        parse_certificate(built.public_bytes(serialization.Encoding.DER))
