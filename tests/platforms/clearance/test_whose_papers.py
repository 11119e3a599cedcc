"""A paper is held by the list it stands under: nobody takes it from a settled one by naming another marketplace or order."""

from __future__ import annotations

import copy

from tests.cases.trade import PAPERS, Trade
from tests.platforms.clearance.steps import (
    OTHER_MARKETPLACE,
    NewDatabase,
    change,
    comes_to,
    paper,
    trade,
    whole,
)

LOCKED = "VERSION-03"


def elsewhere(its: Trade) -> Trade:
    """The same trade at another marketplace."""
    moved = copy.deepcopy(its)
    for kind in ("order", "payment", "list"):
        moved.heads[kind] |= {"marketplace_code": OTHER_MARKETPLACE, "marketplace_name": "另一平台"}
    return moved


def without_payment(its: Trade, paid_by: Trade) -> list:
    """The papers of a trade but its payment; its order names another trade's."""
    its = copy.deepcopy(its)
    its.heads["order"]["payment_no"] = paid_by.heads["payment"]["payment_no"]
    return [paper(its, kind) for kind in PAPERS if kind != "payment"]


def test_a_released_lists_payment_stays_whatever_marketplace_it_is_moved_to(
    new_database: NewDatabase,
) -> None:
    one, other = trade(10), elsewhere(trade(20))
    moved = change(one, "payment", order_no=other.key[0], marketplace_code=OTHER_MARKETPLACE)
    found = comes_to(
        new_database, whole(one), [moved], without_payment(other, one), marketplaces=[OTHER_MARKETPLACE]
    )
    assert [state for _, _, state in found["lists"]] == ["released", "refused"]
    assert found["faults"] == [("payment", "P0000010", LOCKED)]
    assert found["findings"] == [("A0000020", "MATCH-03")]


def test_a_released_lists_payment_is_neither_changed_nor_withdrawn_under_another_marketplace(
    new_database: NewDatabase,
) -> None:
    one = trade(10)
    for said in ({"app_type": "2", "amount": "1.00"}, {"app_type": "3"}):
        again = paper(one, "payment", minutes=60, marketplace_code=OTHER_MARKETPLACE, **said)
        found = comes_to(new_database, whole(one), [again], marketplaces=[OTHER_MARKETPLACE])
        assert found["lists"] == [("A0000010", "0000A00001", "released")]
        assert found["faults"] == [("payment", "P0000010", LOCKED)]


def test_a_payment_moved_to_a_released_order_is_locked_whether_its_own_list_is_there_or_not(
    new_database: NewDatabase,
) -> None:
    one, released = trade(10), trade(20)
    before = [*whole(released), paper(one, "order"), paper(one, "payment")]
    moved = change(one, "payment", order_no=released.key[0])
    listed, carried = paper(one, "list"), paper(one, "waybill")
    for steps in ([before, [listed], [moved], [carried]], [before, [moved], [listed], [carried]]):
        found = comes_to(new_database, *steps)
        assert [state for _, _, state in found["lists"]] == ["released", "released"]
        assert found["faults"] == [("payment", "P0000010", LOCKED)]


def test_a_waybill_is_held_by_the_list_that_names_it_not_by_another_marketplaces(
    new_database: NewDatabase,
) -> None:
    one, other = trade(10), elsewhere(trade(20))
    for kind in PAPERS:
        other.heads[kind]["order_no"] = one.key[0]
    wrong = copy.deepcopy(one)
    wrong.heads["waybill"]["consignee"] = "错"
    corrected = change(one, "waybill")
    for steps in ([whole(wrong), whole(other), [corrected]], [whole(wrong), [corrected], whole(other)]):
        found = comes_to(new_database, *steps, marketplaces=[OTHER_MARKETPLACE])
        assert [state for _, _, state in found["lists"]] == ["released", "released"]
        assert found["faults"] == []
    withdrawn = paper(one, "waybill", minutes=60, app_type="3")
    found = comes_to(
        new_database, whole(one), [paper(other, "list")], [withdrawn], marketplaces=[OTHER_MARKETPLACE]
    )
    assert [state for _, _, state in found["lists"]] == ["released", "waiting"]
    assert found["faults"] == [("waybill", "W0000010", LOCKED)]


def test_of_two_firms_payments_told_at_one_moment_the_same_counts_in_any_order(
    new_database: NewDatabase,
) -> None:
    one = trade(10)
    papers = [paper(one, kind) for kind in ("order", "waybill", "list")]
    for its in papers:
        its.trade.heads["order"] |= {"payment_no": None, "provider_code": None}
    first, second = paper(one, "payment"), paper(one, "payment", provider_code=OTHER_MARKETPLACE)
    second.trade.heads["payment"]["app_time"] = first.trade.heads["payment"]["app_time"]
    assert comes_to(new_database, [first, second], papers) == comes_to(new_database, [second, first], papers)


def test_a_draft_with_its_own_pre_entry_number_is_refused_however_often_it_comes(
    new_database: NewDatabase,
) -> None:
    draft = copy.deepcopy(trade(10))
    draft.heads["list"] |= {"app_status": "1", "pre_no": "B20240601000000001"}
    one, other = paper(draft, "list"), paper(draft, "list", minutes=1, note="again")
    faults = [("list", "A0000010", "VERSION-05")] * 2
    assert comes_to(new_database, [one, other])["faults"] == faults
    assert comes_to(new_database, [one], [other])["faults"] == faults
