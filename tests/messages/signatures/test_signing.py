"""What is written: canonical, in its place, stable, and verified by us and by others."""

from __future__ import annotations

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.messages.ceb.makings import GUID, example_frames, transfer_of
from tests.messages.signatures.makings import (
    ALGORITHMS,
    IN_DS,
    ORDER,
    Signer,
    check,
    signer,
    signer_for,
    trusting,
)
from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.writing import write
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.signing import sign_canonical
from tripoint.messages.signatures.verdicts import SignatureState

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
CEB = "http://www.chinaport.gov.cn/ceb"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_verifies_and_names_the_signer(algorithm: SignatureAlgorithm) -> None:
    one = signer_for(algorithm)
    verdict = check(one.sign(ORDER, algorithm), trusting(one))
    assert verdict.state is SignatureState.VALID
    assert verdict.reason is None
    assert verdict.enterprise_code == "E1"
    assert verdict.algorithm is algorithm
    assert verdict.key_name == "01234567"
    assert verdict.fingerprint == one.certificate.fingerprint


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_written_is_canonical_but_for_the_declaration(algorithm: SignatureAlgorithm) -> None:
    signed = signer_for(algorithm).sign(ORDER, algorithm)
    assert signed.startswith(DECLARATION)
    assert etree.tostring(etree.fromstring(signed).getroottree(), method="c14n") == signed[len(DECLARATION) :]


@pytest.mark.parametrize("message_type", sorted(set(MESSAGES) - {"CEB900"}))
def test_a_canonical_message_of_ours_is_signed_as_the_library_would_sign_it(message_type: str) -> None:
    one, document = (
        signer("rsa"),
        write(
            message_type,
            example_frames(message_type, papers=1),
            guid=GUID,
            transfer=transfer_of(MESSAGES[message_type]),
        ),
    )
    for algorithm in (SignatureAlgorithm.RSA_SHA1, SignatureAlgorithm.RSA_SHA256):
        assert sign_canonical(document, one.key, one.certificate, algorithm) == one.sign(document, algorithm)


def test_the_same_document_gives_the_same_octets() -> None:
    one = signer("rsa")
    first = one.sign(ORDER, SignatureAlgorithm.RSA_SHA256)
    assert first == one.sign(ORDER, SignatureAlgorithm.RSA_SHA256)
    tree = etree.fromstring(ORDER)
    before = etree.tostring(tree)
    assert first == one.sign(tree, SignatureAlgorithm.RSA_SHA256)
    assert etree.tostring(tree) == before


def test_signed_info_has_no_white_space_and_key_name_is_the_padded_serial() -> None:
    root = etree.fromstring(signer("rsa").sign(ORDER, SignatureAlgorithm.RSA_SHA1))
    signature = root[-1]
    assert signature.tag == IN_DS + "Signature"
    assert not signature.tail
    for element in signature.iter():
        assert len(element) == 0 or not element.text
        assert not element.tail
    assert signature.findtext(f".//{IN_DS}KeyName") == "01234567"


def test_sm2_values_are_64_raw_octets() -> None:
    root = etree.fromstring(signer("sm2").sign(ORDER, SignatureAlgorithm.SM2_SM3))
    assert len(base64.b64decode(root.findtext(f".//{IN_DS}SignatureValue"))) == 64


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("CEB621Message", ["Body", "ExtendMessage", "Signature"]),
        ("CEB603Message", ["Body", "Signature", "ExtendMessage"]),
    ],
)
def test_stands_last_in_import_and_before_the_extension_in_export(message: str, names: list[str]) -> None:
    one = signer("rsa")
    xml = f'<m:{message} xmlns:m="{CEB}"><m:Body/><m:ExtendMessage/>\n</m:{message}>'.encode()
    signed = one.sign(xml, SignatureAlgorithm.RSA_SHA1)
    assert [etree.QName(child).localname for child in etree.fromstring(signed)] == names
    assert check(signed, trusting(one)).state is SignatureState.VALID


@pytest.mark.parametrize(
    "xml",
    [
        f'<CEB311Message xmlns="{CEB}"><a/></CEB311Message>',
        "<plain/>",
        f'<c:m xmlns:c="{CEB}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><c:a/></c:m>',
        '<c:m xmlns:c="urn:a%20b" xmlns:ds="urn:other" xmlns:Z="urn:z" xmlns="urn:d"><a ds:b=">"/></c:m>',
        '<a xml:lang="zh" xml:space="preserve" id="&amp;&quot;&gt;"><b xml:lang="en"/></a>',
        f'<c:m xmlns:c="{CEB}" xmlns=""><a/><c:a xmlns="urn:d"><b xmlns=""/></c:a></c:m>',
        '<!-- made by hand --><a><!-- between --><b xmlns="urn:x"/>\r\n</a><!-- end -->',
    ],
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_way_of_writing_namespaces_verifies(xml: str, algorithm: SignatureAlgorithm) -> None:
    one = signer_for(algorithm)
    signed = one.sign(xml.encode(), algorithm)
    assert check(signed, trusting(one)).state is SignatureState.VALID


def test_refuses_to_sign_twice() -> None:
    one = signer("rsa")
    with pytest.raises(Conflict):
        one.sign(one.sign(ORDER, SignatureAlgorithm.RSA_SHA1), SignatureAlgorithm.RSA_SHA1)


@pytest.mark.parametrize(
    "xml",
    [
        "<a><?pi?></a>",
        "<?pi?><a/>",
        "<!DOCTYPE a []><a/>",
        '<a xmlns:b="urn:&amp;"/>',
        '<a><b xmlns="urn:&lt;"/></a>',
        '<a xmlns:b="rel"/>',
        '<a><b xmlns:ds="urn:x"><ds:Signature/></b></a>',
        "<a>",
        "",
    ],
)
def test_refuses_to_sign_what_could_not_be_verified(xml: str) -> None:
    with pytest.raises(Malformed):
        signer("rsa").sign(xml.encode(), SignatureAlgorithm.RSA_SHA1)


def test_says_why_what_it_would_sign_could_not_verify() -> None:
    with pytest.raises(Malformed, match="more than one signature") as refusal:
        signer("rsa").sign(b'<a xmlns:ds="urn:x"><ds:Signature/></a>', SignatureAlgorithm.RSA_SHA1)
    assert refusal.value.code == "signature.would_not_hold"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_refuses_the_certificate_of_another_key(algorithm: SignatureAlgorithm) -> None:
    one, other = signer_for(algorithm), signer_for(algorithm, 2)
    with pytest.raises(Malformed) as refusal:
        Signer(one.key, other.certificate).sign(ORDER, algorithm)
    assert refusal.value.code == "signature.key_of_another"


def test_refuses_a_certificate_of_another_kind() -> None:
    with pytest.raises(Malformed) as refusal:
        Signer(signer("rsa").key, signer("sm2").certificate).sign(ORDER, SignatureAlgorithm.RSA_SHA1)
    assert refusal.value.code == "signature.key_of_another"


def test_refuses_a_key_of_another_kind() -> None:
    with pytest.raises(Malformed):
        signer("rsa").sign(ORDER, SignatureAlgorithm.SM2_SM3)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n"), max_size=12
)
XML_TEXT = TEXT.filter(lambda text: not any(ord(char) & 0xFFFE == 0xFFFE for char in text))
TAG = st.sampled_from(["ceb:Order", "ceb:note", "qty", "ceb:单"])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A document with values, attributes and namespaces of any sort."""
    root = etree.Element(
        f"{{{CEB}}}CEB311Message", nsmap={"ceb": CEB} | draw(st.sampled_from([{}, {None: "urn:d"}]))
    )

    def fill(element: etree._Element, depth: int) -> None:
        element.text = draw(XML_TEXT)
        if draw(st.booleans()):
            element.set(draw(st.sampled_from(["guid", f"{{{CEB}}}nil"])), draw(XML_TEXT))
        for _ in range(draw(st.integers(0, 3)) if depth else 0):
            tag = draw(TAG)
            child = etree.SubElement(element, tag.replace("ceb:", "{" + CEB + "}"))
            child.tail = draw(XML_TEXT)
            fill(child, depth - 1)

    fill(root, 2)
    return etree.tostring(
        root, encoding=draw(st.sampled_from(["UTF-8", "GB18030", "UTF-16"])), xml_declaration=True
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(xml=documents(), algorithm=st.sampled_from(ALGORITHMS))
def test_every_document_signed_verifies_and_keeps_its_content(
    xml: bytes, algorithm: SignatureAlgorithm
) -> None:
    one = signer_for(algorithm)
    signed = one.sign(xml, algorithm)
    assert check(signed, trusting(one)).state is SignatureState.VALID
    root = etree.fromstring(signed)
    root.remove(root.find(IN_DS + "Signature"))
    assert etree.tostring(root, method="c14n") == etree.tostring(etree.fromstring(xml), method="c14n")
