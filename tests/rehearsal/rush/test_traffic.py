"""Prepared traffic: as many trades as asked for, each with numbers of its own, signed, and arriving as it should."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

import pytest

from tripoint.messages.signatures.signing import sign
from tripoint.rehearsal import keys
from tripoint.rehearsal.keys import ALGORITHMS
from tripoint.rehearsal.plan import Signed
from tripoint.rehearsal.rush import parts
from tripoint.rehearsal.rush.arrivals import Arrivals, letters
from tripoint.rehearsal.rush.numbers import KINDS
from tripoint.rehearsal.rush.sheets import Sheet, Stream
from tripoint.rehearsal.rush.traffic import Recipe, prepared

_SIGNATURE = re.compile(rb"<ds:Signature.*</ds:Signature>", re.DOTALL)


def no_progress(step, done, total):
    pass


@pytest.mark.parametrize(
    ("kind", "text", "copies"),
    [
        (b"orderNo", b"240603ABC000000001", [b"240603ABC387420489", b"240603ABC549681956"]),
        (b"payTransactionId", b"2024060212345678901200000001", [b"00000001", b"00000004"]),
        (b"logisticsNo", b"TP003XAB0000000001", [b"TP003XAB", b"TP003XAB"]),
        (b"buyerIdNumber", b"910001199001010019", [b"9100011990", b"9100021990"]),
        (b"orderNo", b"misprinted", [b"misprinted", b"misprinted"]),
    ],
)
def test_numbers_keep_their_form_in_every_copy(kind, text, copies):
    number = KINDS[kind](text, 3)
    for copy, part in enumerate(copies):
        assert part in number.of(copy)
        assert len(number.of(copy)) == len(text)


def test_a_check_digit_that_is_wrong_stays_wrong_and_a_right_one_right():
    from tripoint.kernel.identifiers import resident_id, s10

    for copy in range(30):
        right = (
            KINDS[b"buyerIdNumber"](b"91000119900101001" + _check(b"91000119900101001"), 1).of(copy).decode()
        )
        assert resident_id.check_digit(right[:17]) == right[17]
        off = b"1" if _check(b"91000119900101001") != b"1" else b"2"
        wrong = KINDS[b"buyerIdNumber"](b"91000119900101001" + off, 1).of(copy).decode()
        assert resident_id.check_digit(wrong[:17]) != wrong[17]
        assert s10.validate(KINDS[b"logisticsNo"](b"LR473124829CN", 1).of(copy).decode())


def _check(first):
    from tripoint.kernel.identifiers import resident_id

    return resident_id.check_digit(first.decode()).encode()


@pytest.fixture(scope="module")
def traffic(tmp_path_factory):
    recipe = Recipe(trades=60, papers=10, anomalies=0.1, arrivals=Arrivals.TOGETHER)
    return prepared(recipe, tmp_path_factory.mktemp("cache"), no_progress)


def bodies(traffic):
    for row in traffic.messages.iter_rows(named=True):
        whole = (traffic.folder / parts.name(row["part"])).read_bytes()
        yield row, whole[row["start"] : row["start"] + row["length"]]


def test_each_message_is_signed_as_the_reference_signs_it(traffic):
    signers = keys.load(traffic.folder / "keys")
    checked = 0
    for row, body in bodies(traffic):
        if b"<ds:Signature" not in body:
            continue
        signer = signers[row["sender"], ""]
        plain = _SIGNATURE.sub(b"", body.partition(b"?>\n")[2])
        checked += sign(plain, signer.key, signer.certificate, ALGORITHMS[Signed.RSA]) == body
    assert checked > traffic.messages.height * 0.8  # the others have a fault on purpose


def test_copies_of_a_trade_share_no_number_and_no_person(tmp_path, monkeypatch):
    from tripoint.rehearsal.rush import traffic as module

    monkeypatch.setattr(module, "DISTINCT", 10)
    traffic = prepared(Recipe(trades=40, papers=100, anomalies=0.0), tmp_path, no_progress)
    text = b"".join(body for _, body in bodies(traffic))
    for element, times in ((b"orderNo", 4), (b"payTransactionId", 2), (b"logisticsNo", 2), (b"copNo", 1)):
        found = Counter(re.findall(rb"<ceb:" + element + rb">([^<]+)<", text))
        assert len(found) == 40
        assert set(found.values()) == {times}
    guids = re.findall(rb"<ceb:guid>([^<]+)<", text)
    assert len(guids) == len(set(guids)) == 160
    truth = traffic.truth
    assert truth["order_no"].n_unique() == 40
    assert set(truth["order_no"]) == {one.decode() for one in re.findall(rb"<ceb:orderNo>([^<]+)<", text)}


def test_the_same_recipe_is_prepared_once(tmp_path):
    told = []
    recipe = Recipe(trades=5, anomalies=0.0)
    first = prepared(recipe, tmp_path, lambda *said: told.append(said))
    count = len(told)
    assert prepared(recipe, tmp_path, lambda *said: told.append(said)).folder == first.folder
    assert len(told) == count > 0
    assert prepared(Recipe(trades=6, anomalies=0.0), tmp_path, no_progress).folder != first.folder


def test_compressed_messages_are_the_same_as_plain_ones(tmp_path, monkeypatch):
    from tripoint.rehearsal.rush import traffic as module

    recipe = Recipe(trades=12, papers=3, anomalies=0.0)
    monkeypatch.setattr(module, "PLAIN_TRADES_MAX", 5)
    assert recipe.packed
    pieces = [b"one" * 1000, b"two", b"three" * 7]

    async def read(packed: bool) -> list[bytes]:
        folder = tmp_path / str(packed)
        folder.mkdir()
        parts.write(folder, 0, pieces, packed=packed)
        parts.write(folder, 1, pieces[::-1], packed=packed)
        store = parts.Parts(folder, 2)
        places = [(0, 0, 3000), (0, 3000, 3), (0, 3003, 35), (1, 35, 3)]
        return [await store.message(*place) for place in places]

    assert asyncio.run(read(True)) == asyncio.run(read(False)) == [*pieces, b"two"]
    assert (tmp_path / "True" / "messages-00000.bin.zst").stat().st_size < 200


def arrivals(kind, *, trades=1000, apart=100, per_message=10):
    """For each trade the moments its four papers go out."""
    sheets = [[Sheet(Stream(table, "S", "", "S", 0), None, b"", ()) for table in "abcd"]]
    moments = {}
    for letter in letters(trades, sheets, kind, per_message=per_message, apart=apart, seed=1):
        assert 1 <= len(letter.papers) <= per_message
        for trade, _ in letter.papers:
            moments.setdefault(trade, []).append(letter.moment)
    assert all(len(four) == 4 for four in moments.values())
    return [max(moments[trade]) - min(moments[trade]) for trade in range(trades)]


def test_papers_arrive_together_where_that_is_asked():
    assert max(arrivals(Arrivals.TOGETHER)) == 0


def test_a_third_of_the_trades_is_split_where_that_is_asked():
    split = sum(apart > 20 for apart in arrivals(Arrivals.MIXED, trades=3000))
    assert 800 < split < 1050


def test_all_papers_of_a_trade_are_far_apart_where_that_is_asked():
    assert min(arrivals(Arrivals.SPREAD)) > 250
