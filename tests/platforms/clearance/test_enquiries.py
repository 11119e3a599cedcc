"""Asking after lists: order numbers of two marketplaces may be the same, and neither sees the other's papers."""

from __future__ import annotations

import copy

import pytest

from tests.cases.running import Court, Send, filings
from tests.cases.trade import PAPERS, Trade
from tests.platforms.clearance.steps import OTHER_MARKETPLACE, more_filings, paper, trade, whole
from tests.platforms.clearance.test_whose_papers import elsewhere
from tripoint.database import Database
from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.platforms.clearance.enquiries import desk as enquiries
from tripoint.platforms.clearance.enquiries.records import Explanation

MARKETPLACE = trade(10).heads["list"]["marketplace_code"]

PARTIES = {
    trade(10).heads["list"][f"{role}_code"]
    for role in ("marketplace", "merchant", "declarant", "carrier", "guarantor")
}


def same_number(one: Trade) -> Trade:
    """Another marketplace's trade of the same order number."""
    other = elsewhere(trade(20))
    for kind in PAPERS:
        other.heads[kind]["order_no"] = one.key[0]
    return other


@pytest.fixture
def court(fresh_database: Database) -> Court:
    opened = Court(fresh_database)
    opened.engine.load_filings(filings([]))
    opened.engine.load_filings(more_filings([OTHER_MARKETPLACE]))
    return opened


def send(court: Court, *papers: Send) -> None:
    for one in papers:
        court.send([copy.deepcopy(one)])
    court.engine.work_all()


def asked(court: Court, number: str, owner_code: str | None = None) -> Explanation:
    with court.engine.transaction() as tx:
        return enquiries.explain(tx, number, owner_code)


def arrived(told: Explanation) -> dict[str, str]:
    return {entry.what: entry.details["number"] for entry in told.journal if entry.kind == "arrival"}


@pytest.mark.parametrize("is_settled", [True, False])
def test_an_enterprise_is_shown_the_papers_of_its_own_list(court: Court, is_settled: bool) -> None:
    """Whether the other list is settled, so that its papers are in their messages only, or waits."""
    one = trade(10)
    other = same_number(one)
    send(
        court,
        *(whole(one) if is_settled else [paper(one, "payment"), paper(one, "waybill"), paper(one, "list")]),
    )
    send(court, *whole(other))
    number = one.key[0]
    assert arrived(asked(court, number, OTHER_MARKETPLACE)) == {
        "order": number, "list": number, "payment": "P0000020", "waybill": other.heads["waybill"]["waybill_no"],
    }  # fmt: skip
    mine = {"list": number, "payment": "P0000010", "waybill": one.heads["waybill"]["waybill_no"]}
    assert arrived(asked(court, number, MARKETPLACE)) == mine | ({"order": number} if is_settled else {})


def test_what_was_wrong_with_a_paper_is_told_to_who_sent_it_and_the_file_it_came_in_too(court: Court) -> None:
    one = trade(10)
    send(court, *whole(one))
    wrong = paper(one, "order", minutes=-60, app_type="2")
    send(court, wrong)
    everything = asked(court, one.key[0])
    assert [entry.what for entry in everything.journal if entry.kind == "fault"] == ["VERSION-01"]
    told = asked(court, one.key[0], MARKETPLACE)
    assert not [entry for entry in told.journal if entry.kind == "fault"], "the operator sent it"
    for code in PARTIES:
        mine = [entry for entry in everything.journal if entry.details.get("to") == code]
        journal = asked(court, one.key[0], code).journal
        assert [entry for entry in journal if entry.kind == "receipt"] == mine


def test_one_order_number_of_two_lists_is_asked_for_by_another_number(court: Court) -> None:
    one = trade(10)
    other = same_number(one)
    send(court, *whole(one), *whole(other))
    with pytest.raises(Conflict, match="LIST-AMBIGUOUS"):
        asked(court, one.key[0])
    for code in (MARKETPLACE, OTHER_MARKETPLACE):
        its = asked(court, one.key[0], code)
        assert (its.marketplace_code, asked(court, its.pre_no).marketplace_code) == (code, code)


def test_who_names_his_list_as_another_order_does_not_stand_in_its_way(court: Court) -> None:
    one, other = trade(10), trade(20)
    other.heads["list"]["cop_no"] = one.key[0]
    send(court, *whole(one), *whole(other))
    assert asked(court, one.key[0]).order_no == one.key[0]


def test_pages_of_lists_leave_none_out_that_came_in_one_moment(court: Court) -> None:
    one = trade(10)
    other = same_number(one)
    court.send([paper(one, "list"), paper(trade(30), "list")])
    court.send([paper(other, "list")])
    court.engine.work_all()
    with court.engine.transaction() as tx:
        every = enquiries.lists(tx)
        paged, after = [], None
        while page := enquiries.lists(tx, after=after, most=1):
            paged += page
            after = page[-1].cursor
        assert paged == every
        assert len(every) == 3
        for wrong in (
            "x",
            every[0].received_at.isoformat(),
            f"{every[0].received_at.isoformat()}|A",
            "x|A|B",
        ):
            with pytest.raises(Malformed, match="CURSOR"):
                enquiries.lists(tx, after=wrong)
