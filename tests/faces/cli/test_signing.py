"""Keys, signatures and validation by command; no database but for certificates of the register."""

from __future__ import annotations

import re
import stat

import pytest

from tests.faces.cli.running import EXAMPLES

BROKEN = EXAMPLES / "not-well-formed.xml"
LIST = next(EXAMPLES.glob("*_CEB621_*.xml"))


@pytest.fixture
def unsigned(tmp_path):
    """A message of the examples without its signature."""
    from lxml import etree

    root = etree.parse(str(LIST)).getroot()
    for node in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        root.remove(node)
    path = tmp_path / "unsigned.xml"
    path.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    return path


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("rsa", "rsa-sha1"), ("rsa", "rsa-sha256"), ("sm2", "sm2-sm3")]
)
def test_what_is_signed_verifies_and_what_is_altered_does_not(tripoint, tmp_path, unsigned, kind, algorithm):
    key, signed = tmp_path / "key.pem", tmp_path / "signed.xml"
    made = tripoint("keys", "new", "--kind", kind, "--out", key, "--json").json
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    told = tripoint("sign", unsigned, "--key", key, "--algorithm", algorithm, "--out", signed, "--json").json
    assert (told["algorithm"], told["fingerprint"]) == (algorithm, made["fingerprint"])
    verdict = tripoint("verify", signed, "--cert", key, "--json")
    assert verdict.code == 0
    assert verdict.json["files"][0]["state"] == "valid"
    assert verdict.json["files"][0]["algorithm"] == algorithm
    altered = tmp_path / "altered.xml"
    altered.write_bytes(signed.read_bytes().replace(b"<ceb:appType>1<", b"<ceb:appType>2<", 1))
    refused = tripoint("verify", altered, "--cert", key, "--json")
    assert refused.code == 1
    assert refused.json["files"][0]["reason"] == "digest_mismatch"


def test_a_locked_key_opens_with_its_password_only(tripoint, tmp_path, unsigned):
    key, right, wrong = tmp_path / "key.pem", tmp_path / "right", tmp_path / "wrong"
    right.write_text("secret\n")
    wrong.write_text("guess\n")
    assert tripoint("keys", "new", "--out", key, "--password-file", right).code == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert tripoint("sign", unsigned, "--key", key, "--password-file", wrong).code == 2
    ended = tripoint("sign", unsigned, "--key", key, "--password-file", right, "--out", tmp_path / "s.xml")
    assert ended.code == 0


def test_an_empty_password_file_is_told_and_no_key_is_made(tripoint, tmp_path, unsigned):
    key, empty = tmp_path / "key.pem", tmp_path / "empty"
    empty.write_text("\n")
    ended = tripoint("keys", "new", "--out", key, "--password-file", empty)
    assert (ended.code, ended.err.count("PASSWORD: "), key.exists()) == (2, 2, False)
    tripoint("keys", "new", "--out", key)
    assert tripoint("sign", unsigned, "--key", key, "--password-file", empty).code == 2


def test_a_signed_message_that_cannot_be_written_is_told(tripoint, tmp_path, unsigned):
    tripoint("keys", "new", "--out", tmp_path / "key.pem")
    ended = tripoint("sign", unsigned, "--key", tmp_path / "key.pem", "--out", "/proc/nowhere/m.xml")
    assert (ended.code, ended.err.count("FILE: ")) == (4, 2)


def test_a_key_never_takes_the_place_of_a_file(tripoint, tmp_path):
    (tmp_path / "key.pem").write_text("mine")
    assert tripoint("keys", "new", "--out", tmp_path / "key.pem").code == 5
    assert (tmp_path / "key.pem").read_text() == "mine"


def test_a_signed_message_is_not_signed_again(tripoint, tmp_path):
    tripoint("keys", "new", "--out", tmp_path / "key.pem")
    assert tripoint("sign", LIST, "--key", tmp_path / "key.pem").code == 5


def test_the_certificate_of_another_key_signs_nothing(tripoint, tmp_path, unsigned):
    for name in ("a.pem", "b.pem"):
        tripoint("keys", "new", "--out", tmp_path / name)
    out = tmp_path / "signed.xml"
    ended = tripoint(
        "sign", unsigned, "--key", tmp_path / "a.pem", "--cert", tmp_path / "b.pem", "--out", out
    )
    assert (ended.code, ended.err.count("signature.key_of_another: "), out.exists()) == (2, 2, False)


@pytest.mark.parametrize("declared", ["GB2312", "GBK", "gb18030"])
def test_signs_the_encodings_that_are_read(tripoint, tmp_path, unsigned, declared):
    key, message, signed = tmp_path / "key.pem", tmp_path / "message.xml", tmp_path / "signed.xml"
    tripoint("keys", "new", "--out", key)
    _, _, body = unsigned.read_text().partition("?>")
    body = re.sub("<ceb:buyerName>[^<]*", "<ceb:buyerName>龥镕㐀", body, count=1)
    message.write_bytes(f'<?xml version="1.0" encoding="{declared}"?>{body}'.encode("gb18030"))
    assert tripoint("sign", message, "--key", key, "--out", signed).code == 0
    assert tripoint("verify", signed, "--cert", key).code == 0
    assert "<ceb:buyerName>龥镕㐀<" in signed.read_text()


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1"])
def test_signs_nothing_that_is_not_read(tripoint, tmp_path, encoding):
    message = tmp_path / "message.xml"
    message.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode(encoding))
    tripoint("keys", "new", "--out", tmp_path / "key.pem")
    ended = tripoint("sign", message, "--key", tmp_path / "key.pem")
    assert (ended.code, ended.err.count("WIRE-02: ")) == (2, 2)


def test_json_without_a_place_for_the_message_is_refused(tripoint, tmp_path, unsigned):
    tripoint("keys", "new", "--out", tmp_path / "key.pem")
    ended = tripoint("sign", unsigned, "--key", tmp_path / "key.pem", "--json")
    assert (ended.code, ended.err.count("OUT: "), ended.out) == (2, 2, "")


def test_verifies_by_the_certificates_of_the_register(tripoint):
    assert tripoint("verify", LIST).code == 1
    assert tripoint("filings", "load", EXAMPLES / "filings.json").code == 0
    ended = tripoint("verify", LIST, "--json")
    assert ended.code == 0
    assert ended.json["files"][0]["signer"].startswith("0000XVA")


def test_validates_messages_and_names_each_fault_in_both_languages(tripoint, tmp_path):
    assert tripoint("validate", LIST).code == 0
    faulty = tmp_path / "faulty.xml"
    faulty.write_bytes(re.sub(rb"<ceb:appTime>\d+<", b"<ceb:appTime>soon<", LIST.read_bytes(), count=1))
    ended = tripoint("validate", faulty, BROKEN, tmp_path / "faulty.xml", "--json")
    assert ended.code == 1
    first, broken = ended.json["files"]
    assert first["readable"] is False
    fault = next(one for one in first["faults"] if one["path"].endswith("appTime"))
    assert fault["position"] == 0
    assert fault["value"] == "soon"
    assert fault["text"]["zh"]
    assert fault["text"]["en"]
    assert fault["repair"]["en"]
    assert [one["code"] for one in broken["faults"]] == ["WIRE-06"]
    assert "  WIRE-06\n" in tripoint("validate", BROKEN).out
    text = tripoint("validate", faulty).out
    assert "appTime" in text
    assert fault["text"]["zh"] in text
    assert fault["text"]["en"] in text


def test_validate_tells_files_it_cannot_read_and_goes_on(tripoint, tmp_path):
    (tmp_path / "a.xml").symlink_to(tmp_path / "none")
    (tmp_path / "b.xml").write_bytes(LIST.read_bytes())
    ended = tripoint("validate", tmp_path, "--json")
    assert ended.code == 1
    assert len(ended.json["files"]) == 1
    assert len(ended.json["unread"]) == 1


def test_one_fault_is_one_fault(tripoint):
    assert ", 1 fault\n" in tripoint("validate", BROKEN, "--lang", "en").out


def test_a_flood_of_faults_is_told_in_part_and_counted(tripoint, tmp_path):
    flooded = tmp_path / "flooded.xml"
    raw = LIST.read_bytes().replace(b"</ceb:InventoryHead>", b"<odd/>" * 3_000 + b"</ceb:InventoryHead>")
    flooded.write_bytes(raw)
    ended = tripoint("validate", flooded, "--json")
    [answer] = ended.json["files"]
    assert answer["faults_in_all"] == raw.count(b"<odd/>")
    assert len(answer["faults"]) <= 1_000
    more = answer["faults_in_all"] - len(answer["faults"])
    assert f"{more} more faults not listed" in tripoint("validate", flooded).out
