"""Never a false yes: every way known to make a message look signed, one test each."""

from __future__ import annotations

import base64
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.messages.signatures.makings import (
    ALGORITHMS,
    AT,
    FROM,
    IN_DS,
    ORDER,
    TO,
    Signer,
    check,
    doctored,
    record,
    signer,
    signer_for,
    trusting,
)
from tripoint.messages.signatures.algorithms import (
    C14N,
    CHINAPORT,
    DS,
    ENVELOPED,
    DigestAlgorithm,
    SignatureAlgorithm,
)
from tripoint.messages.signatures.certificates import Certificate, TrustedCertificates
from tripoint.messages.signatures.keys import SigningKey, generate
from tripoint.messages.signatures.verdicts import Reason, SignatureState, SignatureVerdict
from tripoint.messages.signatures.verifying import check_signature

RSA = SignatureAlgorithm.RSA_SHA1
SIGNATURE_METHOD = f'<ds:SignatureMethod Algorithm="{RSA.uri}"></ds:SignatureMethod>'
TRANSFORM = f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'


@cache
def signed(algorithm: SignatureAlgorithm = RSA) -> bytes:
    return signer_for(algorithm).sign(ORDER, algorithm)


def resigned(xml: bytes, one: Signer | None = None, algorithm: SignatureAlgorithm = RSA) -> bytes:
    """The document with digest and value made anew over whatever its signature says: only its form can be at fault."""
    root = etree.fromstring(xml)
    whole = etree.fromstring(xml)
    signature = next(whole.iter(IN_DS + "Signature"))
    parent = signature.getparent()
    assert parent is not None
    previous = signature.getprevious()
    if previous is not None:
        previous.tail = (previous.tail or "") + (signature.tail or "")
    signature.tail = None
    parent.remove(signature)
    method = next(root.iter(IN_DS + "DigestMethod")).get("Algorithm", "")
    digest = next(one for one in DigestAlgorithm if method.lower().endswith("#" + one))
    value = base64.b64encode(digest.hash(etree.tostring(whole.getroottree(), method="c14n"))).decode()
    next(root.iter(IN_DS + "DigestValue")).text = value
    info = etree.tostring(next(root.iter(IN_DS + "SignedInfo")), method="c14n")
    value = base64.b64encode((one or signer_for(algorithm)).key.sign(algorithm, info)).decode()
    next(root.iter(IN_DS + "SignatureValue")).text = value
    return etree.tostring(root.getroottree(), encoding="UTF-8")


def refused(xml: bytes, reason: Reason, algorithm: SignatureAlgorithm = RSA) -> SignatureVerdict:
    """Hold that the verdict is a no for this reason and names no enterprise."""
    verdict = check(xml, trusting(signer_for(algorithm)))
    assert (verdict.state, verdict.reason) == (SignatureState.INVALID, reason)
    assert verdict.enterprise_code is None
    assert verdict.text.zh != verdict.text.en
    return verdict


# --- what is taken ---------------------------------------------------------------------------------------------------


def test_the_reworked_signature_of_these_tests_would_verify() -> None:
    assert check(resigned(signed()), trusting(signer("rsa"))).state is SignatureState.VALID


def test_tells_an_unsigned_message() -> None:
    verdict = check(ORDER, trusting(signer("rsa")))
    assert verdict == SignatureVerdict(state=SignatureState.ABSENT)
    assert verdict.text.zh == "报文没有签名"


def test_leaves_the_tree_as_it_was() -> None:
    root = etree.fromstring(doctored(signed(), "</ds:Signature>", "</ds:Signature>\n"))
    before = etree.tostring(root)
    check_signature(root, trusting(signer("rsa")), AT)
    assert etree.tostring(root) == before


def test_names_the_enterprise_whose_key_signed_whoever_the_paper_is_of() -> None:
    other = signer("rsa", 2)
    verdict = check(other.sign(ORDER, RSA), trusting(signer("rsa"), other))
    assert (verdict.state, verdict.enterprise_code) == (SignatureState.VALID, "E2")


@pytest.mark.parametrize("name", ["01234567", "1234567", "0000000001234567"])
def test_finds_the_certificate_by_key_name_however_padded(name: str) -> None:
    xml = signed()
    start, end = xml.index(b"<ds:X509Data>"), xml.index(b"</ds:KeyInfo>")
    xml = doctored(xml[:start] + xml[end:], "<ds:KeyName>01234567<", f"<ds:KeyName> {name.upper()}\n<")
    assert check(xml, trusting(signer("rsa"))).enterprise_code == "E1"


def test_tries_each_certificate_that_shares_the_serial_number() -> None:
    mine, twin = signer("rsa"), Signer(*_generate_again())
    xml = signed()
    start, end = xml.index(b"<ds:X509Data>"), xml.index(b"</ds:KeyInfo>")
    xml = xml[:start] + xml[end:]
    assert check(xml, trusting(twin, mine)).enterprise_code == "E2"
    assert check(xml, trusting(twin)).reason is Reason.VALUE_MISMATCH


def _generate_again() -> tuple[SigningKey, Certificate]:
    return generate("rsa", "同号", "另一企业", FROM, TO, 0x01234567)


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        (CHINAPORT + "sm2-sm3", CHINAPORT + "sm3"),
        (DS + "sm2-sm3", DS + "sm3"),
        (DS + "sm2-sm3", CHINAPORT + "sm3"),
        (DS + "sm2-sm3", DS + "sha1"),
        (CHINAPORT + "SM2-SM3", "http://www.chinaport.gov.cn/xmldsig#SM3"),
    ],
)
def test_takes_the_transition_forms_of_sm2(method: str, digest: str) -> None:
    algorithm = SignatureAlgorithm.SM2_SM3
    xml = doctored(signed(algorithm), f'"{CHINAPORT}sm2-sm3"', f'"{method}"')
    xml = resigned(doctored(xml, f'"{CHINAPORT}sm3"', f'"{digest}"'), algorithm=algorithm)
    assert check(xml, trusting(signer("sm2"))).state is SignatureState.VALID


def test_takes_sm2_values_in_der() -> None:
    root = etree.fromstring(signed(SignatureAlgorithm.SM2_SM3))
    value = root.find(f".//{IN_DS}SignatureValue")
    raw = base64.b64decode(value.text)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    value.text = base64.b64encode(der).decode()
    assert check_signature(root, trusting(signer("sm2")), AT).state is SignatureState.VALID
    value.text = base64.b64encode(der + b"\0").decode()
    assert check_signature(root, trusting(signer("sm2")), AT).reason is Reason.VALUE_MISMATCH


def test_lets_comments_between_elements_through() -> None:
    xml = doctored(signed(), "<ceb:BaseTransfer>", "<!-- 传输 --><ceb:BaseTransfer>")
    assert (
        check(b"<!-- head -->" + xml.split(b"?>\n", 1)[1], trusting(signer("rsa"))).state
        is SignatureState.VALID
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_root_that_hands_down_xml_attributes_verifies_as_the_standard_says(
    algorithm: SignatureAlgorithm,
) -> None:
    one = signer_for(algorithm)
    root = etree.fromstring(
        doctored(signed(algorithm), ' guid="G-1"', ' guid="G-1" xml:lang="zh" xml:space="default"')
    )
    xml = etree.tostring(root)
    assert check(resigned(xml, algorithm=algorithm), trusting(one)).reason is Reason.VALUE_MISMATCH
    root = etree.fromstring(resigned(xml, algorithm=algorithm))
    info = etree.tostring(root.find(f".//{IN_DS}SignedInfo"), method="c14n")
    info = info.replace(b'XMLSchema-instance">', b'XMLSchema-instance" xml:lang="zh" xml:space="default">')
    root.find(f".//{IN_DS}SignatureValue").text = base64.b64encode(one.key.sign(algorithm, info)).decode()
    assert check_signature(root, trusting(one), AT).state is SignatureState.VALID


# --- content and value -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refuses_changed_content(algorithm: SignatureAlgorithm) -> None:
    xml = doctored(signed(algorithm), "<ceb:goodsValue>100<", "<ceb:goodsValue>1<")
    refused(xml, Reason.DIGEST_MISMATCH, algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refuses_changed_content_with_the_digest_made_to_fit(algorithm: SignatureAlgorithm) -> None:
    value = etree.fromstring(signed(algorithm)).findtext(f".//{IN_DS}SignatureValue")
    xml = resigned(
        doctored(signed(algorithm), "<ceb:goodsValue>100<", "<ceb:goodsValue>1<"), algorithm=algorithm
    )
    root = etree.fromstring(xml)
    root.find(f".//{IN_DS}SignatureValue").text = value
    refused(etree.tostring(root), Reason.VALUE_MISMATCH, algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refuses_another_key_behind_a_registered_certificate(algorithm: SignatureAlgorithm) -> None:
    refused(
        resigned(signed(algorithm), signer_for(algorithm, 2), algorithm), Reason.VALUE_MISMATCH, algorithm
    )


@pytest.mark.parametrize(
    "value", [b"\0" * 64, b"\xff" * 64, b"\0" * 31 + b"\1" + b"\0" * 32, b"0", b"\x30\0", b"0" * 999]
)
def test_refuses_values_that_no_key_makes(value: bytes) -> None:
    for algorithm in ALGORITHMS:
        root = etree.fromstring(signed(algorithm))
        root.find(f".//{IN_DS}SignatureValue").text = base64.b64encode(value).decode()
        refused(etree.tostring(root), Reason.VALUE_MISMATCH, algorithm)


def test_white_space_after_the_signature_is_part_of_the_document() -> None:
    refused(doctored(signed(), "</ds:Signature>", "</ds:Signature>\n"), Reason.DIGEST_MISMATCH)


def test_a_namespace_declared_on_the_root_after_signing_is_a_change() -> None:
    refused(doctored(signed(), ' guid="G-1"', ' guid="G-1" xmlns:late="urn:late"'), Reason.DIGEST_MISMATCH)


# --- form ------------------------------------------------------------------------------------------------------------


def test_refuses_a_second_signature_beside_the_first() -> None:
    xml = signed()
    start, end = xml.index(b"<ds:Signature "), xml.index(b"</ceb:CEB311Message>")
    refused(xml[:end] + xml[start:end] + xml[end:], Reason.SECOND_SIGNATURE)


def test_refuses_a_second_signature_hidden_deep() -> None:
    xml = doctored(signed(), "<ceb:note></ceb:note>", f'<ceb:note><x:Signature xmlns:x="{DS}"/></ceb:note>')
    refused(xml, Reason.SECOND_SIGNATURE)


def test_refuses_an_element_of_another_namespace_that_bears_the_signatures_name() -> None:
    xml = doctored(signed(), "<ceb:note></ceb:note>", '<ds:Signature xmlns:ds="urn:mine"></ds:Signature>')
    refused(resigned(xml), Reason.SECOND_SIGNATURE)


def test_refuses_signature_elements_outside_the_signature() -> None:
    xml = doctored(signed(), "<ceb:note></ceb:note>", f'<x:Object xmlns:x="{DS}"></x:Object>')
    refused(resigned(xml), Reason.MISPLACED)


def test_refuses_a_signed_document_wrapped_in_another() -> None:
    inner = signed().split(b"?>\n", 1)[1]
    refused(b"<wrapper><ceb:x xmlns:ceb='urn:evil'/>" + inner + b"</wrapper>", Reason.MISPLACED)


def test_refuses_a_root_that_is_not_the_documents() -> None:
    outer = etree.fromstring(b"<wrapper>" + signed().split(b"?>\n", 1)[1] + b"</wrapper>")
    verdict = check_signature(outer[0], trusting(signer("rsa")), AT)
    assert verdict.reason is Reason.MISPLACED
    inner = outer[0]
    outer.remove(inner)
    assert check_signature(inner, trusting(signer("rsa")), AT).state is SignatureState.INVALID


def test_refuses_the_signature_moved_below_a_paper() -> None:
    xml = signed()
    start, end = xml.index(b"<ds:Signature "), xml.index(b"</ceb:CEB311Message>")
    moved = doctored(
        xml[:start] + xml[end:], "<ceb:note></ceb:note>", "<ceb:note></ceb:note>" + xml[start:end].decode()
    )
    refused(moved, Reason.MISPLACED)
    refused(resigned(moved), Reason.MISPLACED)


def test_refuses_a_signature_that_is_the_root() -> None:
    root = etree.fromstring(signed())
    refused(etree.tostring(root[-1]), Reason.MISPLACED)


@pytest.mark.parametrize(
    "uri", ['URI="#G-1"', 'URI="http://example.org/"', "", 'URI="#xpointer(/)"', 'URI=" "']
)
def test_refuses_a_reference_to_anything_but_the_whole_message(uri: str) -> None:
    refused(resigned(doctored(signed(), 'URI=""', uri)), Reason.FOREIGN_REFERENCE)


def test_refuses_a_reference_by_id_where_two_elements_bear_it() -> None:
    xml = doctored(
        signed(), "<ceb:note></ceb:note>", '<ceb:note Id="d"></ceb:note><ceb:note Id="d"></ceb:note>'
    )
    refused(resigned(doctored(xml, 'URI=""', 'URI="#d"')), Reason.FOREIGN_REFERENCE)


def test_refuses_a_second_reference() -> None:
    xml = signed()
    start, end = xml.index(b"<ds:Reference "), xml.index(b"</ds:SignedInfo>")
    refused(resigned(xml[:end] + xml[start:end] + xml[end:]), Reason.EXTRA_REFERENCE)


@pytest.mark.parametrize(
    "transforms",
    [
        "",
        TRANSFORM * 2,
        TRANSFORM + f'<ds:Transform Algorithm="{C14N}"></ds:Transform>',
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>',
        TRANSFORM + '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        "<ds:XPath>not(self::amount)</ds:XPath></ds:Transform>",
        f'<ds:Transform Algorithm="{ENVELOPED}"><ds:XPath>1</ds:XPath></ds:Transform>',
        '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"></ds:Transform>',
    ],
)
def test_refuses_any_transform_but_one(transforms: str) -> None:
    refused(resigned(doctored(signed(), TRANSFORM, transforms)), Reason.UNSUPPORTED_TRANSFORM)


def test_refuses_a_reference_without_transforms() -> None:
    xml = doctored(signed(), f"<ds:Transforms>{TRANSFORM}</ds:Transforms>", "")
    refused(resigned(xml), Reason.UNSUPPORTED_TRANSFORM)


@pytest.mark.parametrize(
    "canonicalisation",
    [
        C14N + "#WithComments",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "",
        "http://www.w3.org/2006/12/xml-c14n11",
    ],
)
def test_refuses_any_other_canonicalisation(canonicalisation: str) -> None:
    xml = resigned(doctored(signed(), f'"{C14N}"', f'"{canonicalisation}"'))
    refused(xml, Reason.UNSUPPORTED_CANONICALISATION)


@pytest.mark.parametrize(
    "method",
    [
        DS + "hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        DS + "dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://example.org/xmldsig#rsa-sha1",
        "rsa-sha1",
        DS + "rsa-sha1#",
        "",
    ],
)
def test_refuses_algorithms_it_does_not_know(method: str) -> None:
    refused(resigned(doctored(signed(), f'"{RSA.uri}"', f'"{method}"')), Reason.UNKNOWN_ALGORITHM)


def test_refuses_an_unknown_digest() -> None:
    xml = doctored(signed(), f'"{DS}sha1"', '"http://www.w3.org/2001/04/xmldsig-more#md5"')
    refused(xml, Reason.UNKNOWN_ALGORITHM)


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        (SignatureAlgorithm.RSA_SHA256, DigestAlgorithm.SHA1),
        (SignatureAlgorithm.RSA_SHA1, DigestAlgorithm.SM3),
        (SignatureAlgorithm.SM2_SM3, DigestAlgorithm.SHA256),
    ],
)
def test_refuses_a_digest_that_may_not_stand_under_the_algorithm(
    algorithm: SignatureAlgorithm, digest: DigestAlgorithm
) -> None:
    xml = doctored(signed(algorithm), f'"{algorithm.digest.uri}"', f'"{digest.uri}"')
    refused(resigned(xml, algorithm=algorithm), Reason.ALGORITHM_MISMATCH, algorithm)


def test_refuses_a_truncation_length_in_the_signature_method() -> None:
    method = SIGNATURE_METHOD.replace("></", "><ds:HMACOutputLength>0</ds:HMACOutputLength></")
    refused(resigned(doctored(signed(), SIGNATURE_METHOD, method)), Reason.MALFORMED)


def test_refuses_objects() -> None:
    xml = doctored(signed(), "</ds:Signature>", "<ds:Object><ceb:Order/></ds:Object></ds:Signature>")
    refused(xml, Reason.OBJECT_ELEMENT)


@pytest.mark.parametrize(
    "extra",
    [
        "<ds:KeyValue></ds:KeyValue>",
        '<ds:RetrievalMethod URI="http://example.org/"></ds:RetrievalMethod>',
        "<ds:KeyName>01234568</ds:KeyName>",
        "<ds:X509Data></ds:X509Data>",
    ],
)
def test_refuses_further_key_information(extra: str) -> None:
    refused(doctored(signed(), "</ds:KeyInfo>", extra + "</ds:KeyInfo>"), Reason.UNSUPPORTED_KEY_INFO)


def test_refuses_a_second_certificate() -> None:
    der = base64.b64encode(signer("rsa", 2).certificate.der).decode()
    extra = f"<ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data>"
    refused(doctored(signed(), "</ds:X509Data>", extra), Reason.UNSUPPORTED_KEY_INFO)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>*"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>\u00a0"),
        ("<ds:DigestValue>", "<ds:DigestValue>A==="),
        ("<ds:KeyInfo>", "text<ds:KeyInfo>"),
        ("<ds:KeyInfo>", "<!-- --><ds:KeyInfo>"),
        ("<ds:KeyInfo>", '<other xmlns="urn:x"/><ds:KeyInfo>'),
        ("<ds:SignedInfo>", '<ds:SignedInfo xml:base="x">'),
        ("<ds:Reference ", '<ds:Reference Type="x" '),
    ],
)
def test_refuses_anything_odd_inside_the_signature(old: str, new: str) -> None:
    verdict = check(doctored(signed(), old, new), trusting(signer("rsa")))
    assert verdict.reason in {Reason.MALFORMED, Reason.HIDDEN_CONTENT}


@pytest.mark.parametrize(
    "part",
    [
        "SignedInfo",
        "SignatureValue",
        "CanonicalizationMethod",
        "SignatureMethod",
        "DigestMethod",
        "DigestValue",
    ],
)
def test_refuses_a_signature_that_lacks_a_part(part: str) -> None:
    root = etree.fromstring(signed())
    element = root.find(f".//{IN_DS}{part}")
    element.getparent().remove(element)
    assert check_signature(root, trusting(signer("rsa")), AT).state is SignatureState.INVALID


def test_base64_has_one_way_to_be_written() -> None:
    xml = signed()
    start = xml.index(b"==</ds:SignatureValue>") - 1
    loose = {b"A": b"B", b"Q": b"R", b"g": b"h", b"w": b"x"}[xml[start : start + 1]]
    refused(xml[:start] + loose + xml[start + 1 :], Reason.MALFORMED)


# --- what a reader would read differently ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">100<", ">1<!-- -->00<"),
        (">100<", "><!-- -->100<"),
        (">100<", ">1<?x?>00<"),
        ("<ceb:note></ceb:note>", "<ceb:note><!-- x --></ceb:note>"),
        ("<ceb:BaseTransfer>", "<?x?><ceb:BaseTransfer>"),
        ("<ceb:Order>", "<ceb:Order>text<!-- -->"),
    ],
)
def test_refuses_comments_and_instructions_that_split_a_value(old: str, new: str) -> None:
    xml = doctored(signed(), old, new)
    refused(xml, Reason.HIDDEN_CONTENT)
    refused(resigned(xml), Reason.HIDDEN_CONTENT)


def test_refuses_an_instruction_beside_the_root() -> None:
    refused(resigned(signed() + b"<?x?>"), Reason.HIDDEN_CONTENT)


def test_refuses_a_dtd_and_unexpanded_entities() -> None:
    xml = doctored(signed(), "<ceb:CEB311Message", "<!DOCTYPE x [<!ENTITY e '100'>]><ceb:CEB311Message")
    refused(xml, Reason.HIDDEN_CONTENT)
    parser = etree.XMLParser(resolve_entities=False)
    root = etree.fromstring(doctored(xml, ">100<", ">&e;<"), parser)
    assert check_signature(root, trusting(signer("rsa")), AT).reason is Reason.HIDDEN_CONTENT


@pytest.mark.parametrize("address", ["urn:&amp;", "urn:&amp;lt;", "urn:'"])
def test_refuses_namespaces_whose_canonical_form_another_document_could_share(address: str) -> None:
    refused(resigned(doctored(signed(), ' guid="G-1"', f' guid="G-1" xmlns:x="{address}"')), Reason.MALFORMED)
    deep = doctored(signed(), "<ceb:note></ceb:note>", f'<ceb:note xmlns:x="{address}"></ceb:note>')
    refused(resigned(deep), Reason.MALFORMED)


# --- certificates ----------------------------------------------------------------------------------------------------


def test_a_certificate_is_not_trusted_for_being_in_the_message() -> None:
    stranger = signer("rsa", 2)
    verdict = refused(stranger.sign(ORDER, RSA), Reason.CERTIFICATE_UNKNOWN)
    assert verdict.fingerprint == stranger.certificate.fingerprint


def test_an_unknown_certificate_is_not_helped_by_a_known_key_name() -> None:
    xml = signer("rsa", 2).sign(ORDER, RSA)
    refused(doctored(xml, "<ds:KeyName>01234568<", "<ds:KeyName>01234567<"), Reason.CERTIFICATE_UNKNOWN)


def test_a_certificate_with_one_bit_changed_is_unknown() -> None:
    root = etree.fromstring(signed())
    element = root.find(f".//{IN_DS}X509Certificate")
    der = bytearray(base64.b64decode(element.text))
    der[-1] ^= 1
    element.text = base64.b64encode(der).decode()
    refused(etree.tostring(root), Reason.CERTIFICATE_UNKNOWN)


def test_refuses_a_message_that_names_no_key() -> None:
    xml = signed()
    start, end = xml.index(b"<ds:KeyInfo>"), xml.index(b"</ds:Signature>")
    refused(xml[:start] + xml[end:], Reason.CERTIFICATE_UNKNOWN)


def test_refuses_an_algorithm_that_is_not_of_the_certificates_key() -> None:
    xml = doctored(signed(SignatureAlgorithm.SM2_SM3), f'"{CHINAPORT}sm2-sm3"', f'"{RSA.uri}"')
    refused(
        doctored(xml, f'"{CHINAPORT}sm3"', f'"{DS}sha1"'), Reason.KEY_MISMATCH, SignatureAlgorithm.SM2_SM3
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_both_ends_of_the_certificates_validity_count(algorithm: SignatureAlgorithm) -> None:
    one, second = signer_for(algorithm), timedelta(seconds=1)
    wide = TrustedCertificates(
        [record(one.certificate, valid_from=FROM - second * 9, valid_to=TO + second * 9)]
    )
    assert check(signed(algorithm), wide, FROM).state is SignatureState.VALID
    assert check(signed(algorithm), wide, TO).state is SignatureState.VALID
    assert check(signed(algorithm), wide, FROM - second).reason is Reason.CERTIFICATE_NOT_YET_VALID
    assert check(signed(algorithm), wide, TO + second).reason is Reason.CERTIFICATE_EXPIRED


def test_the_registers_own_period_counts_too() -> None:
    second = timedelta(seconds=1)
    narrow = TrustedCertificates([record(signer("rsa").certificate, valid_from=AT, valid_to=AT + second)])
    assert check(signed(), narrow, AT).state is SignatureState.VALID
    assert check(signed(), narrow, AT - second).reason is Reason.CERTIFICATE_NOT_YET_VALID
    assert check(signed(), narrow, AT + second * 2).reason is Reason.CERTIFICATE_EXPIRED


def test_a_revoked_certificate_stands_until_the_moment_of_its_revocation() -> None:
    revoked = TrustedCertificates([record(signer("rsa").certificate, revoked_at=AT)])
    assert check(signed(), revoked, AT - timedelta(seconds=1)).state is SignatureState.VALID
    assert check(signed(), revoked, AT).reason is Reason.CERTIFICATE_REVOKED


def test_demands_a_moment_with_its_zone() -> None:
    with pytest.raises(AssertionError):
        check(signed(), trusting(signer("rsa")), AT.replace(tzinfo=None))


# --- mutations -------------------------------------------------------------------------------------------------------


def proven(root: etree._Element) -> tuple[bytes, bytes, bytes]:
    """What a signature proves: the document, SignedInfo and the value. KeyInfo is no part of it."""
    copy = etree.fromstring(etree.tostring(root))
    signature = copy.find(IN_DS + "Signature")
    info = etree.tostring(signature.find(IN_DS + "SignedInfo"), method="c14n", with_comments=False)
    value = base64.b64decode(signature.findtext(IN_DS + "SignatureValue"))
    previous = signature.getprevious()
    previous.tail = (previous.tail or "") + (signature.tail or "")
    signature.tail = None
    copy.remove(signature)
    return etree.tostring(copy.getroottree(), method="c14n", with_comments=False), info, value


def holds_only_if_unchanged(xml: bytes, mutant: bytes, trusted: TrustedCertificates) -> None:
    try:
        root = etree.fromstring(mutant)
    except (etree.XMLSyntaxError, ValueError):
        return
    if check_signature(root, trusted, AT).state is SignatureState.VALID:
        assert proven(root) == proven(etree.fromstring(xml)), mutant


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_octet_can_be_changed_anywhere(algorithm: SignatureAlgorithm) -> None:
    xml, trusted, chance = signed(algorithm), trusting(signer_for(algorithm)), random.Random(1)
    for place in range(len(xml)):
        mutant = bytearray(xml)
        mutant[place] ^= 1 << chance.randrange(7)
        holds_only_if_unchanged(xml, bytes(mutant), trusted)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_octets_can_be_put_in_taken_out_or_swapped(data: st.DataObject) -> None:
    algorithm = data.draw(st.sampled_from(ALGORITHMS))
    xml = signed(algorithm)
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, min(len(xml), start + 40)))
    pieces = st.sampled_from(
        [b"", b" ", b"\n", b"<!-- -->", b"<?a?>", b"&#49;", b"<![CDATA[1]]>", b"0", b"<ceb:note/>"]
    )
    middle = data.draw(st.one_of(pieces, st.binary(max_size=3), st.just(xml[end : end + 30])))
    holds_only_if_unchanged(xml, xml[:start] + middle + xml[end:], trusting(signer_for(algorithm)))


def test_many_threads_may_verify_with_one_key() -> None:
    for algorithm in ALGORITHMS:
        trusted = trusting(signer_for(algorithm))
        good = signed(algorithm)
        bad = doctored(good, "<ceb:goodsValue>100<", "<ceb:goodsValue>1<")
        with ThreadPoolExecutor(8) as pool:
            states = [*pool.map(lambda xml: check(xml, trusted).state, [good, bad] * 100)]  # noqa: B023
        assert states == [SignatureState.VALID, SignatureState.INVALID] * 100
