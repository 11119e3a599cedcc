"""The fast lane says of every message what the reference lane says: tables, faults, heads, octets signed."""

from __future__ import annotations

import re
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.comparing import account, covered, difference, differs
from tests.fuzz.mutating import GENTLE, flooded, mutated, spread_out
from tests.fuzz.samples import samples
from tests.messages.ceb.makings import GUID, HERE, SUBSCRIBER, example_frames, frames_of, transfer_of
from tests.messages.signatures.makings import signer
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.lane import IS_BUILT
from tripoint.messages.ceb.octets import DEFAULT, ROOM_FOR_NAMES, names_in, namespaces_in
from tripoint.messages.ceb.parsing import parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.ceb.writing import write
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.verifying import parts_of

pytestmark = pytest.mark.skipif(
    not IS_BUILT, reason="no C compiler or no headers of this Python: no fast lane"
)

TYPES = sorted(set(MESSAGES) - {"CEB900"})
"""A CEB900 quotes its original in CDATA, and goes the reference lane."""


def message(message_type: str, papers: int = 3, lines: int = 2, *, is_signed: bool = True) -> bytes:
    """An honest message."""
    known = MESSAGES[message_type]
    subscribers = [SUBSCRIBER] if any(node.is_("subscriber") for node in known.top) else []
    frames = example_frames(message_type, papers, lines)
    xml = write(message_type, frames, guid=GUID, transfer=transfer_of(known), subscribers=subscribers)
    return signer("rsa").sign(xml, SignatureAlgorithm.RSA_SHA256) if is_signed else xml


def lanes(*messages: bytes) -> tuple[int, int]:
    """How many messages went the fast lane, and how many papers left it; both lanes agree."""
    fast, reference = account(messages, fast=True), account(messages, fast=False)
    assert differs(fast, reference) is None
    return fast.fast, fast.odd


def put(xml: bytes, element: str, text: bytes, at: int = 0) -> bytes:
    """The message with the text of the n-th element of a name replaced."""
    found = list(re.finditer(rf"(<ceb:{element}>)(.*?)(</ceb:{element}>)".encode(), xml, re.S))[at]
    return xml[: found.start(2)] + text + xml[found.end(2) :]


@pytest.mark.parametrize("message_type", TYPES)
def test_a_message_as_it_is_written_and_signed_goes_the_fast_lane(message_type: str) -> None:
    assert lanes(message(message_type)) == (1, 0)
    assert lanes(message(message_type, is_signed=False)) == (1, 0)
    assert lanes((HERE / f"{message_type}.xml").read_bytes()) == (1, 0)


def test_a_message_that_quotes_another_goes_the_reference_lane() -> None:
    assert lanes((HERE / "CEB900.xml").read_bytes()) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: re.sub(rb"<([\w:.-]+)></\1>", rb"<\1/>", xml),
        lambda xml: re.sub(rb"<(ceb:note)>[^<]*</\1>", rb"<\1 />", xml),
        lambda xml: re.sub(rb"><(?!/?ds:)", b">\r\n\t<", xml),
        lambda xml: re.sub(rb"><(?!/?ds:)", b">\n  <", xml),
        lambda xml: xml.replace(b"<ceb:note>note", b"<ceb:note>a&#9;b&quot;&#x4e2d;&#xD;&apos;>\r\n"),
        lambda xml: xml.replace(b"</ceb:note>", b"</ceb:note >"),
        lambda xml: b"\xef\xbb\xbf" + xml,
        lambda xml: xml.replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', b""),
        lambda xml: xml.replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', b"<?xml version='1.0'?>\r\n"),
        lambda xml: xml.replace(b"ceb:", b"c:").replace(b":ceb=", b":c="),
        lambda xml: xml.replace(b"ceb:", b"").replace(b":ceb=", b"="),
        lambda xml: xml + b"\r\n",
    ],
)
def test_another_way_of_writing_the_same_stays_on_the_fast_lane(change: object) -> None:
    made = [change(message(kind)) for kind in ("CEB311", "CEB411", "CEB511", "CEB621")]  # type: ignore[operator]
    assert lanes(*made) == (4, 0)


@pytest.mark.parametrize("lines", [1, 2, 7, 19, 60])
def test_papers_of_any_length_have_the_digest_of_the_reference_lane(lines: int) -> None:
    honest = message("CEB311", papers=1, lines=lines)
    for length in range(1, 160):
        assert lanes(put(honest, "note", b"n" * length)) == (1, 0)
    assert lanes(put(honest, "note", "中".encode() * 1000), put(honest, "note", b"n" * 1000)) == (2, 0)


@given(
    st.lists(
        st.sampled_from([b"xmlns", b"xm", b"x", b"xmln", b"n" * 255, b"s" * 251, b"abc" * 40]), max_size=40
    )
)
def test_namespaces_are_counted_wherever_they_stand(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    assert namespaces_in(raw) == raw.count(b"xmlns")


def test_octets_that_are_put_right_on_the_way_are_those_of_canonical_form() -> None:
    honest = message("CEB311")
    written_short = re.sub(
        rb"><(?!/?ds:)", b">\r\n<", honest.replace(b"<ceb:note>note", b"<ceb:note>&#110;ote")
    )
    spaced = re.sub(rb"><(?!/?ds:)", b">\n<", honest)
    octets = []
    for raw in (written_short, spaced):
        scanned = Reader().scan(1, raw)
        assert scanned is not None
        octets.append(covered(scanned.signature))
    assert octets[0] == octets[1] == covered(parts_of(parse(spaced).root))


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ("goodsValue", b"1e3"),
        ("goodsValue", b"1.000001"),
        ("buyerName", b""),
        ("buyerTelephone", b""),
        ("orderNo", "订".encode() * 61),
        ("currency", b"156"),
        ("appTime", b"20240231000000"),
        ("appTime", b"19860504003000"),
        ("gnum", b"1"),
        ("note", b"a<ceb:odd>b</ceb:odd>c"),
        ("note", b"</ceb:note>x<ceb:note>"),
        ("note", b"</ceb:note><ceb:odd/><ceb:note>"),
    ],
)
def test_an_odd_paper_goes_the_reference_lane_alone(element: str, text: bytes) -> None:
    at = 3 if element == "gnum" else 1
    assert lanes(message("CEB311"), put(message("CEB311"), element, text, at), message("CEB311")) == (3, 1)


@pytest.mark.parametrize(("lines", "odd"), [(0, 1), (1, 0), (99, 0), (100, 1)])
def test_a_paper_of_no_line_or_of_too_many_goes_the_reference_lane(lines: int, odd: int) -> None:
    xml = message("CEB311", papers=1, lines=1)
    line = re.search(rb"<ceb:OrderList>.*?</ceb:OrderList>", xml, re.S)
    assert line is not None
    numbered = [put(line[0], "gnum", str(number).encode()) for number in range(1, lines + 1)]
    assert lanes(xml.replace(line[0], b"".join(numbered)), xml) == (2, odd)


@pytest.mark.parametrize(
    "text",
    [
        b"<!-- c -->",
        b"<![CDATA[x]]>",
        b"<?p i?>",
        b"a\rb",
        b"&odd;",
        b"]]>",
        b"\x0b",
        b"\xff",
        b"\xed\xa0\x80",
        b"&#0;",
        b"<odd xmlns='u'/>",
        b'<ceb:odd a="b"/>',
        b"<ceb:Signature/>",
        b"x" * 70_000,
        b" " * 70_000 + b"<ceb:odd/>",
        b"<ceb:a>" * 9 + b"</ceb:a>" * 9,
    ],
)
def test_what_could_touch_the_whole_message_takes_it_off_the_fast_lane(text: bytes) -> None:
    assert lanes(put(message("CEB311"), "note", text, 1)) == (0, 0)


def test_a_message_that_is_declined_leaves_nothing_behind() -> None:
    reader = Reader()
    assert reader.scan(1, message("CEB311")) is not None
    assert (
        reader.scan(2, message("CEB311").replace(b"</ceb:BaseTransfer>", b"<!-- --></ceb:BaseTransfer>"))
        is None
    )
    assert reader.scan(3, message("CEB311")[:-30]) is None
    assert reader.scan(4, message("CEB311")) is not None
    assert reader.frames()["orders"]["message_id"].to_list() == [1, 1, 1, 4, 4, 4]
    assert reader.frames()["order_lines"]["message_id"].unique().sort().to_list() == [1, 4]


def test_a_reader_may_be_added_to_after_it_was_asked() -> None:
    reader = Reader()
    for number in (1, 2):
        assert reader.scan(number, put(message("CEB411"), "amountPaid", b"x", 1)) is not None
        assert reader.frames()["payments"]["message_id"].to_list() == [1] * 3 + [2] * 3 * (number - 1)
        assert reader.frames()["payments"]["position"].to_list() == [0, 1, 2] * number
        assert reader.frames()["payments"]["amount"].null_count() == number


def test_long_texts_of_many_messages_keep_apart() -> None:
    made = [put(message("CEB621", 1, 1), "gname", f"{number:_>250}".encode()) for number in range(300)]
    assert lanes(*made) == (300, 0)


@pytest.mark.parametrize("message_type", TYPES)
@given(data=st.data())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_papers_are_the_same_by_both_lanes(message_type: str, data: st.DataObject) -> None:
    known = MESSAGES[message_type]
    frames = data.draw(frames_of(known))
    xml = write(message_type, frames, guid=GUID, transfer=transfer_of(known))
    change = data.draw(st.sampled_from([None, *GENTLE]))
    changed = xml if change is None else change(xml, Random(data.draw(st.integers(0, 999))))
    fast = account([xml, changed, xml], fast=True)
    assert differs(fast, account([xml, changed, xml], fast=False)) is None
    assert fast.fast >= 2


@pytest.mark.parametrize("raw", [pytest.param(raw, id=str(at)) for at, raw in enumerate(samples())])
def test_every_sample_is_the_same_by_both_lanes(raw: bytes) -> None:
    assert difference([raw]) is None


@pytest.mark.parametrize("seed", range(6))
def test_mutated_samples_are_the_same_by_both_lanes(seed: int) -> None:
    random, seeds = Random(seed), samples(shared=False)
    made = [mutated(random.choice(seeds), random) for _ in range(60)]
    assert difference(made) is None


@pytest.mark.parametrize("names", [1_500, 1_700, DEFAULT.names_max, DEFAULT.names_max + 1, 2_500])
def test_a_long_message_may_make_up_as_many_names_by_either_lane(names: int) -> None:
    honest = message("CEB311", papers=98)
    odd = b"".join(b"<ceb:n%d/>" % number for number in range(names - names_in(honest)))
    long = spread_out(put(honest, "note", b"</ceb:note>" + odd + b"<ceb:note>"), Random(0))
    assert len(long) > ROOM_FOR_NAMES
    assert names_in(long) == names
    assert lanes(long) == ((1, 1) if names <= DEFAULT.names_max else (0, 0))


@pytest.mark.parametrize("seed", range(2))
def test_long_messages_of_many_names_are_the_same_by_both_lanes(seed: int) -> None:
    random, seeds = Random(seed), [message(kind) for kind in ("CEB311", "CEB411", "CEB621")]
    assert difference([flooded(random.choice(seeds), random) for _ in range(12)]) is None


@pytest.mark.parametrize("odd", [b"<ceb:odd></ceb:odd>", b"<ceb:note></ceb:note>", b"t<ceb:odd></ceb:odd>"])
def test_a_flood_of_faults_is_cut_short_alike_by_both_lanes(odd: bytes) -> None:
    flooded_paper = put(message("CEB311"), "note", b"</ceb:note>" + odd * 900 + b"<ceb:note>", 1)
    assert lanes(flooded_paper, message("CEB311")) == (2, 1)


def test_rows_that_nobody_takes_are_given_back() -> None:
    from tripoint.messages.ceb.lane.plans import plan_of, sheet_of

    sheet = sheet_of(MESSAGES["CEB411"])
    xml = message("CEB411", is_signed=False)
    found = sheet.scan(plan_of("CEB411", b"ceb:"), xml, xml.index(b"<ceb:Payment>"), 1, 0, 65536)
    assert found is not None
    batch, _ = sheet.take()
    assert batch is not None
    frame = pl.Series(batch).struct.unnest()
    assert frame.height == 3
    with pytest.raises(ValueError, match="taken already"):
        batch.__arrow_c_array__()
    assert sheet.take() == (None, None)
