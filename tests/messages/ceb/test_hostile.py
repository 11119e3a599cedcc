"""Hostile bytes are refused with a code, in bounded memory, and the process lives on."""

from __future__ import annotations

import base64
import bz2
import gzip
import subprocess
import sys
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.ceb.makings import GUID, TRANSFER, example_frames
from tripoint.messages.ceb.fields import NAMESPACE
from tripoint.messages.ceb.findings import Unreadable, wordings
from tripoint.messages.ceb.octets import admit, tree
from tripoint.messages.ceb.parsing import Limits, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.ceb.validating import validate
from tripoint.messages.ceb.writing import write

DXP = "http://www.chinaport.gov.cn/dxp"


def payment(papers: int = 1) -> bytes:
    return write("CEB411", example_frames("CEB411", papers=papers), guid=GUID, transfer=TRANSFER)


def code_of(raw: bytes, limits: Limits | None = None) -> str:
    """The code a message is refused with."""
    with pytest.raises(Unreadable) as refusal:
        parse(raw, limits or Limits())
    return refusal.value.code


def envelope(data: bytes | str, number: str = "M1") -> bytes:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return (
        f'<DxpMsg ver="1.0" xmlns="{DXP}"><TransInfo><CopMsgId>{number}</CopMsgId><SenderId>S</SenderId>'
        "<ReceiverIds><ReceiverId>R</ReceiverId></ReceiverIds><CreatTime>2024-01-01T00:00:00</CreatTime>"
        f"<MsgType>CEB411Message</MsgType></TransInfo><Data>{text}</Data></DxpMsg>"
    ).encode()


def inside(text: str, name: str = "note0") -> bytes:
    """A payment whose note is the given XML, put in as it stands."""
    assert payment().count(name.encode()) == 1
    return payment().replace(name.encode(), text.encode())


def test_the_honest_message_these_tests_start_from_is_read() -> None:
    assert parse(payment()).head.papers == 1
    assert parse(envelope(payment())).head.papers == 1


def test_refuses_an_external_entity() -> None:
    attack = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + inside("&e;")
    assert code_of(attack) == "WIRE-05"


def test_refuses_an_external_parameter_entity() -> None:
    assert (
        code_of(b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.invalid/x">%p;]>' + payment()) == "WIRE-05"
    )


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE x>",
        '<?xml version="1.0"?><!DOCTYPE x SYSTEM "x.dtd">',
        "<!-- a --> <?b c?>\n<!DOCTYPE x>",
        "\ufeff<!DOCTYPE x>",
        '<?xml version="1.0" encoding="gbk"?>\n<!DOCTYPE x>',
    ],
)
def test_refuses_any_document_type_wherever_it_may_stand(prolog: str) -> None:
    assert code_of(prolog.encode() + payment()) == "WIRE-05"


def test_refuses_an_entity_bomb() -> None:
    levels = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{levels}]>'.encode()
    assert code_of(bomb + inside("&a11;")) == "WIRE-05"


def test_refuses_an_entity_nobody_declared() -> None:
    assert code_of(inside("&unknown;")) == "WIRE-06"


def test_a_quoted_document_type_in_cdata_is_only_text() -> None:
    reader = Reader()
    reader.add(1, parse(inside("<![CDATA[<!DOCTYPE x>]]>")))
    assert reader.frames()["payments"]["note"].to_list() == ["<!DOCTYPE x>"]


@pytest.mark.parametrize("depth", [13, 200, 5_000, 200_000])
def test_refuses_nesting_deeper_than_any_message_has(depth: int) -> None:
    assert code_of(inside("<a>" * depth + "</a>" * depth)) == "WIRE-08"


def test_refuses_a_value_longer_than_any_field() -> None:
    assert code_of(inside("x" * 70_000)) == "WIRE-09"
    assert code_of(inside("&lt;" * 70_000)) == "WIRE-09"
    assert code_of(inside(f"<![CDATA[{'<' * 70_000}]]>")) == "WIRE-09"


def test_takes_a_long_quoted_message_in_a_format_receipt() -> None:
    frames = example_frames("CEB900")
    table = frames["format_receipts"]
    long = "订单<&" * 100_000
    frames["format_receipts"] = table.head(1).with_columns(
        original_message=table["original_message"]
        .head(1)
        .replace_strict({table["original_message"][0]: long})
    )
    reader = Reader()
    reader.add(1, parse(write("CEB900", frames, guid=GUID)))
    assert reader.frames()["format_receipts"]["original_message"].to_list() == [long]


def test_refuses_more_papers_than_a_message_may_hold() -> None:
    head, _, rest = payment().partition(b"<ceb:Payment>")
    paper, end, tail = rest.rpartition(b"</ceb:Payment>")
    many = head + (b"<ceb:Payment>" + paper + end) * 10_000 + tail
    assert code_of(many) == "WIRE-14"
    assert code_of(payment(2), Limits(papers_max=1)) == "WIRE-14"
    assert parse(payment(100)).head.papers == 100


def test_refuses_a_message_larger_than_the_limit_before_looking_at_it() -> None:
    assert code_of(b"<" * 1001, Limits(bytes_max=1000)) == "WIRE-01"


def test_refuses_more_elements_than_memory_is_meant_for() -> None:
    assert code_of(inside("<a/>" * 500_000)) == "WIRE-07"


def test_refuses_a_flood_of_invented_element_names() -> None:
    assert code_of(inside("".join(f"<n{i}/>" for i in range(80_000)))) == "WIRE-07"


def test_refuses_attributes_by_the_thousand() -> None:
    many = " ".join(f'a{i}="x"' for i in range(3_000)).encode()
    assert code_of(payment().replace(b' version="1.0"', b' version="1.0" ' + many)) == "WIRE-07"
    spread = "<b " + " ".join(f'a{i}="x"' for i in range(20_000)) + "/>"
    assert code_of(inside(spread)) == "WIRE-07"


def test_refuses_a_flood_of_namespaces() -> None:
    many = " ".join(f'xmlns:a{i}="urn:{i}"' for i in range(3_000)).encode()
    assert code_of(payment().replace(b' version="1.0"', b' version="1.0" ' + many)) == "WIRE-07"


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe8\xae"])
def test_refuses_bytes_that_are_not_the_utf8_they_claim_to_be(bad: bytes) -> None:
    assert code_of(payment().replace(b"note0", bad)) == "WIRE-03"


def test_refuses_bytes_that_are_not_the_gb18030_they_claim_to_be() -> None:
    declared = b'<?xml version="1.0" encoding="gb2312"?>' + payment().replace(b"note0", b"\xff\xff")
    assert code_of(declared) == "WIRE-03"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_refuses_wide_characters(encoding: str) -> None:
    assert code_of(payment().decode().encode(encoding)) in ("WIRE-02", "WIRE-04")


@pytest.mark.parametrize("name", ["UTF-7", "utf-16", "ebcdic-cp-us", "iso-8859-1", "x" * 39, ""])
def test_refuses_an_encoding_it_does_not_take(name: str) -> None:
    assert code_of(f'<?xml version="1.0" encoding="{name}"?>'.encode() + payment()) == "WIRE-02"


@pytest.mark.parametrize("name", ["ISO-8859-1", "UTF-7", "HZ", "x" * 300])
def test_a_long_declaration_hides_no_encoding(name: str) -> None:
    declared = f'<?xml version="1.0"{" " * 250} encoding="{name}"?>'
    assert code_of(declared.encode() + payment()) == "WIRE-02"


@pytest.mark.parametrize("name", ["ISO-8859-1", "UTF-7", "UTF-8"])
def test_a_second_declaration_behind_a_chinese_one_is_refused(name: str) -> None:
    declared = f'<?xml version="1.0" encoding="GBK"?><?xml version="1.0" encoding="{name}"?>'
    assert code_of(declared.encode() + payment().decode().encode("gbk")) == "WIRE-06"


def test_what_is_parsed_is_what_was_counted_whatever_the_parser_could_decode() -> None:
    written = '<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b/+AD4-木</a>'.encode()
    assert tree(written).text == "+ADw-b/+AD4-木"
    assert tree(admit(b"\xef\xbb\xbf\xef\xbb\xbf" + written)).text == "+ADw-b/+AD4-木"


def test_refuses_two_encodings_at_once() -> None:
    assert code_of(b'\xef\xbb\xbf<?xml version="1.0" encoding="gbk"?>' + payment()) == "WIRE-02"


def test_utf7_that_hides_a_tag_is_only_text() -> None:
    reader = Reader()
    reader.add(1, parse(inside("+ADw-script+AD4-")))
    assert reader.frames()["payments"]["note"].to_list() == ["+ADw-script+AD4-"]


def test_refuses_nul_and_other_forbidden_characters() -> None:
    assert code_of(payment().replace(b"note0", b"a\x00b")) == "WIRE-04"
    assert code_of(payment().replace(b"note0", b"a\x01b")) == "WIRE-06"
    assert code_of(inside("&#0;")) == "WIRE-06"
    assert code_of(inside("&#x1;")) == "WIRE-06"


@pytest.mark.parametrize("text", ["note<!-- x -->0", "<!---->", "a<?b c?>d", "<?b c?>"])
def test_refuses_a_comment_or_instruction_inside_a_value(text: str) -> None:
    assert code_of(inside(text)) == "WIRE-16"


def test_takes_comments_between_elements_and_around_the_message() -> None:
    xml = payment().replace(b"<ceb:note>", b"<!-- a --><ceb:note>", 1)
    reader = Reader()
    reader.add(1, parse(b"<!-- b --><?c d?>" + xml + b"<!-- e -->"))
    assert reader.faults().is_empty()
    assert reader.frames()["payments"]["note"].to_list() == ["note0"]


@pytest.mark.parametrize(
    ("packed", "name"),
    [
        (gzip.compress(b"0" * 10_000_000), "gzip"),
        (zlib.compress(b"0" * 10_000_000), "deflate"),
        (bz2.compress(b"0" * 1_000_000), "bzip2"),
        (b"PK\x03\x04" + b"0" * 100, "zip"),
    ],
)
def test_refuses_compressed_data_without_unpacking_it(packed: bytes, name: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(envelope(packed))
    assert (refusal.value.code, refusal.value.message_no) == ("WIRE-19", "M1")
    assert name in refusal.value.text.en
    with pytest.raises(Unreadable, match=name) as refusal:
        parse(packed)
    assert refusal.value.code == "WIRE-19"


def test_refuses_raw_deflate_as_the_noise_it_is() -> None:
    squeezed = zlib.compress(payment())[2:-4]
    assert code_of(envelope(squeezed)) in ("WIRE-02", "WIRE-03", "WIRE-04", "WIRE-06")


@pytest.mark.parametrize("data", ["not base64!", "PD94*", "PD9", "订单", "PD94bWw=x"])
def test_refuses_data_that_is_not_base64(data: str) -> None:
    assert code_of(envelope(data)) == "WIRE-18"


def test_takes_base64_broken_into_lines() -> None:
    text = base64.encodebytes(payment()).decode()
    assert "\n" in text.strip()
    assert parse(envelope(text)).head.papers == 1


def test_refuses_an_envelope_in_an_envelope() -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(envelope(envelope(payment(), "M2"), "M1"))
    assert (refusal.value.code, refusal.value.message_no) == ("WIRE-20", "M1")


def test_refuses_a_document_type_inside_an_envelope() -> None:
    assert code_of(envelope(b"<!DOCTYPE x>" + payment())) == "WIRE-05"


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"hello", b"{}", b"<", b"<a", b"<a></b>", b"<?xml", b"<!--", b"<?x", b"<a/><b/>"]
)
def test_refuses_what_is_not_xml_at_all(raw: bytes) -> None:
    assert code_of(raw) == "WIRE-06"


def test_two_namespaces_that_look_alike_are_two_namespaces() -> None:
    assert code_of(payment().replace(NAMESPACE.encode(), NAMESPACE.encode() + b"/")) == "WIRE-11"
    assert code_of(b'<CEB411Message version="1.0"/>') == "WIRE-11"


def test_a_field_of_another_namespace_is_not_the_field() -> None:
    xml = payment().replace(b"<ceb:amountPaid>", b'<x:amountPaid xmlns:x="urn:x">')
    xml = xml.replace(b"</ceb:amountPaid>", b"</x:amountPaid>")
    reader = Reader()
    reader.add(1, parse(xml))
    assert [(f["code"], f["path"]) for f in reader.faults().rows(named=True)] == [
        ("FIELD-24", "PaymentHead.amountPaid"),
        ("FIELD-01", "PaymentHead.amountPaid"),
    ]
    assert reader.frames()["payments"]["amount"].to_list() == [None]


def test_a_thousand_invented_element_names_do_not_pile_up_in_the_reader() -> None:
    for i in range(700):
        reader = Reader()
        reader.add(1, parse(inside(f"</ceb:note><ceb:x{i}/><ceb:note>")))
        assert not reader.refused().is_empty()


PROBE = """
import resource, sys
from tripoint.messages.ceb.parsing import Unreadable, parse
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
raw = {attack}
size, before = len(raw), peak()
try:
    parse(raw)
    print("read", peak() - before)
except Unreadable as fault:
    print(fault.code, peak() - before)
"""

ROOT = (
    b'<ceb:CEB411Message xmlns:ceb="http://www.chinaport.gov.cn/ceb" '
    b'guid="4CDE1CFD-EDED-46B1-946C-B8022E42FC94" version="1.0">'
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attack", "code", "megabytes"),
    [
        (f"{ROOT!r} + b'<a>' + b'x' * 200_000_000 + b'</a>'", "WIRE-01", 8),
        (f"{ROOT!r} + b'<a>' + b'x' * 19_000_000 + b'</a></ceb:CEB411Message>'", "WIRE-09", 64),
        (f"{ROOT!r} + b'<a/>' * 5_000_000 + b'</ceb:CEB411Message>'", "WIRE-07", 8),
        (f"{ROOT!r} + b'<a>' * 5_000_000", "WIRE-07", 8),
        ("b'<a ' + b' '.join(b'b%d=\"\"' % i for i in range(1_500_000)) + b'/>'", "WIRE-07", 64),
        (f"{ROOT!r} + b'<a/>' * 390_000 + b'</ceb:CEB411Message>'", "WIRE-13", 128),
    ],
    ids=[
        "200 MB of text",
        "19 MB in one value",
        "5 million elements",
        "unclosed",
        "attributes",
        "allowed elements",
    ],
)
def test_memory_stays_bounded(attack: str, code: str, megabytes: int) -> None:
    probe = PROBE.replace("{attack}", attack)
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=100, check=True
    )
    found, grown = done.stdout.split()
    assert found == code
    assert int(grown) <= megabytes * 1024 * 1024


def test_a_long_prolog_is_passed_over_in_time() -> None:
    started = time.process_time()
    assert code_of(b"<!-- x -->" * 200_000) == "WIRE-06"
    assert code_of(b" " * 2_000_000) == "WIRE-06"
    assert time.process_time() - started < 5


_WARNING = '<odd xmlns="u"/>'
"""libxml2 warns of this address, and with a warning behind it lxml lets an undeclared prefix pass."""


def test_a_prefix_that_nothing_declares_brings_nothing_down() -> None:
    short = inside(f"</ceb:note><ds:odd/>{_WARNING}<ceb:note>")
    reader = Reader()
    reader.add(1, parse(short))
    assert "PaymentHead.ds:odd" in reader.faults()["path"].to_list()
    assert (
        code_of(short.replace(b"<ceb:note></ceb:note>", b"<ceb:note>" + b"x" * 70_000 + b"</ceb:note>"))
        == "WIRE-09"
    )
    assert code_of(b'<x:CEB411Message><a xmlns="u"/></x:CEB411Message>') == "WIRE-10"
    assert code_of(f"<a><x:b><!-- c --></x:b>{_WARNING}</a>".encode()) == "WIRE-16"


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_at_all_bring_the_reader_down(raw: bytes) -> None:
    report = validate(raw)
    assert report.faults[0].code in wordings()


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_to_an_honest_message_brings_the_reader_down(data: st.DataObject) -> None:
    raw = bytearray(payment(2))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 30))
        raw[at : at + length] = data.draw(
            st.binary(max_size=12) | st.sampled_from([b"<", b">", b"</ceb:", b"&#x0;"])
        )
    for fault in validate(bytes(raw)).faults:
        assert fault.text.zh
        assert fault.text.en
