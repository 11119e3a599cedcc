"""A waybill that does not say its order belongs to one list at a time, however its versions and the lists are cut."""

from __future__ import annotations

import copy

from tests.cases.running import Send
from tests.cases.trade import Trade
from tests.platforms.clearance.steps import NewDatabase, comes_to, paper, trade

ONE, OTHER = trade(10), trade(20)
PAID = [paper(its, kind) for its in (ONE, OTHER) for kind in ("order", "payment")]


def naming(its: Trade) -> Trade:
    """A trade whose list names the waybill of ONE."""
    named = copy.deepcopy(its)
    named.heads["list"]["waybill_no"] = ONE.heads["waybill"]["waybill_no"]
    return named


def carried_to(its: Trade, **said: object) -> Send:
    """ONE's waybill, to the consignee of another trade."""
    sent = copy.deepcopy(ONE)
    for name in ("consignee", "consignee_telephone", "consignee_address"):
        sent.heads["waybill"][name] = its.heads["waybill"][name]
    return paper(sent, "waybill", **said)


def test_a_draft_list_takes_no_waybill(new_database: NewDatabase) -> None:
    silent, draft = paper(ONE, "waybill", silent=True), paper(naming(OTHER), "list", app_status="1")
    found = comes_to(new_database, PAID, [silent], [draft], [paper(ONE, "list")])
    assert ("A0000010", "0000A00001", "released") in found["lists"]
    assert found == comes_to(new_database, PAID, [draft], [silent], [paper(ONE, "list")])


def test_a_version_that_says_no_order_leaves_the_one_it_stood_under(new_database: NewDatabase) -> None:
    spoken, silent = paper(ONE, "waybill"), carried_to(OTHER, minutes=60, silent=True, app_type="2")
    lists = [paper(naming(OTHER), "list")], [paper(ONE, "list")]
    found = comes_to(new_database, PAID, [spoken], [silent], *lists)
    assert sorted(state for _, _, state in found["lists"]) == ["refused", "released"]
    assert found == comes_to(new_database, PAID, [spoken], lists[0], [silent], lists[1])


def test_it_stands_again_where_a_list_of_the_order_it_left_names_it(new_database: NewDatabase) -> None:
    spoken, silent = paper(ONE, "waybill"), paper(ONE, "waybill", minutes=60, silent=True, app_type="2")
    found = comes_to(new_database, PAID, [spoken], [silent], [paper(ONE, "list")])
    assert found["lists"] == [("A0000010", "0000A00001", "released")]


def test_silent_and_then_spoken_in_one_round_is_as_in_two(new_database: NewDatabase) -> None:
    unpaid = [paper(ONE, "order"), paper(ONE, "payment"), paper(OTHER, "order")]
    silent, spoken = carried_to(OTHER, silent=True), paper(ONE, "waybill", minutes=60, app_type="2")
    ends = [paper(OTHER, "payment")], [paper(ONE, "list")]
    together = comes_to(new_database, unpaid, [paper(naming(OTHER), "list")], [silent, spoken], *ends)
    assert together == comes_to(
        new_database, unpaid, [paper(naming(OTHER), "list")], [silent], [spoken], *ends
    )
    assert dict.fromkeys(state for _, _, state in together["lists"]).keys() == {"released", "refused"}
