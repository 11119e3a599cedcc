"""A firm works on its own papers only, however well it signs and guesses numbers."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import polars as pl

from tests.attacks.scene import POST, Scene, Trade, paper, papers, trade
from tripoint.documents.columns import TABLES
from tripoint.kernel.money import SCALE
from tripoint.messages.ceb.writing import write
from tripoint.platforms.clearance import desk as clearance

STRANGER = "0000A00009"


def about(scene: Scene, made: Trade, table: str, **said: Any) -> bytes:
    """A cancellation or return request of a released list."""
    listed = made.heads["list"]
    (given,) = scene.rows("select pre_no, list_no from clearings where order_no = %(o)s", o=made.key[0])
    shape = TABLES[table]
    row = {name: listed.get(name) for name in shape.columns} | given
    row |= {
        "message_id": 1,
        "position": 0,
        "reason": "不要了",
        "cop_no": "R1",
        "app_time": listed["app_time"] + timedelta(hours=1),
    }
    row |= {name: value for name, value in said.items() if name != "lines"}
    frames = {table: pl.DataFrame([row], schema=shape.schema, orient="row")}
    if table == "return_requests":
        its = TABLES["return_request_lines"]
        lines = [{"message_id": 1, "position": 0, "line_no": n, "hs_code": made.lines["list"][n - 1]["hs_code"],
                  "goods_name": "咖啡", "quantity": quantity * SCALE, "unit": "035"}
                 for n, quantity in said.get("lines", [(1, 1)])]  # fmt: skip
        blank = dict.fromkeys(its.columns)
        frames["return_request_lines"] = pl.DataFrame(
            [blank | line for line in lines], schema=its.schema, orient="row"
        )
    about.count = getattr(about, "count", 0) + 1  # type: ignore[attr-defined]
    guid = f"{about.count:08X}-2222-4222-8222-222222222222"  # type: ignore[attr-defined]
    return write("CEB623" if table == "cancellations" else "CEB625", frames, guid=guid, transfer=POST)


def used(scene: Scene) -> int:
    return int(scene.rows("select coalesce(sum(used), 0)::bigint as used from allowances")[0]["used"])


def pledged(scene: Scene) -> int:
    found = scene.rows("select sum(balance)::bigint as held from accounts where account like '%%/pledged'")
    return int(found[0]["held"])


def test_a_stranger_cannot_cancel_a_list_or_take_back_its_goods(scene: Scene) -> None:
    made = trade(10)
    scene.bring(*papers(made))
    assert scene.state(made) == "released"
    for table in ("cancellations", "return_requests"):
        scene.bring(about(scene, made, table, declarant_code=STRANGER))
    assert scene.state(made) == "released"
    assert scene.rows("select state from returns") == []
    told = [row for row in scene.told() if row["declarant_code"] == STRANGER]
    refused = {row["message_type"] for row in told if row["return_status"] not in ("2", "1")}
    assert refused == {"CEB624", "CEB626"}
    scene.bring(about(scene, made, "cancellations"))
    assert scene.state(made) == "cancelled"
    assert (used(scene), pledged(scene)) == (0, 0)


def test_a_stranger_cannot_change_or_withdraw_a_list_by_guessing_its_numbers(scene: Scene) -> None:
    made = trade(10)
    scene.bring(paper(made, "list"))
    (given,) = scene.rows("select pre_no from clearings")
    for app_type in ("2", "3"):
        other = copy.deepcopy(made)
        other.heads["list"] |= {"declarant_code": STRANGER, "app_type": app_type, "pre_no": given["pre_no"]}
        other.heads["list"]["app_time"] += timedelta(hours=int(app_type))
        scene.bring(paper(other, "list"))
    assert scene.rows("select state, declarant_code from clearings") == [
        {"state": "waiting", "declarant_code": made.heads["list"]["declarant_code"]}
    ]
    own = copy.deepcopy(made)
    own.heads["list"] |= {"app_type": "3", "pre_no": given["pre_no"]}
    own.heads["list"]["app_time"] += timedelta(hours=4)
    scene.bring(paper(own, "list"))
    assert scene.state(made) == "withdrawn"


def test_what_is_cancelled_twice_or_after_a_return_is_given_back_once(scene: Scene) -> None:
    made = trade(10)
    scene.bring(*papers(made))
    scene.bring(about(scene, made, "cancellations"), about(scene, made, "cancellations", cop_no="R2"))
    assert (scene.state(made), used(scene), pledged(scene)) == ("cancelled", 0, 0)
    scene.bring(about(scene, made, "return_requests"))
    assert scene.rows("select state from returns") == []
    assert scene.engine.rejudge().states.total() == 0


def test_a_release_and_its_cancellation_in_one_round_leave_nothing_taken(scene: Scene) -> None:
    made = trade(10)
    scene.bring(paper(made, "list"))
    # It has no list number yet, but the next one can be guessed.
    cancelled = about(scene, made, "cancellations", list_no="29912026I000000001")
    scene.bring(*papers(made)[:3], cancelled)
    assert scene.state(made) in ("released", "cancelled")
    assert (used(scene) > 0) == (scene.state(made) == "released")


def test_partial_returns_never_bring_back_more_than_the_list(scene: Scene) -> None:
    made = trade(10, goods=[{"quantity": "3.00", "price": "33.33", "total": "99.99"}])
    scene.bring(*papers(made))
    assert scene.state(made) == "released"
    taken, bound = used(scene), pledged(scene)
    assert taken > 0
    assert bound > 0
    for n, quantity in enumerate((1, 1, 2, 1, 1)):
        scene.bring(about(scene, made, "return_requests", cop_no=f"R{n}", lines=[(1, quantity)]))
    under_way = scene.rows("select cop_no, value, tax from returns order by cop_no")
    assert [row["cop_no"] for row in under_way] == ["R0", "R1", "R3"]
    assert sum(row["value"] for row in under_way) == taken
    assert sum(row["tax"] for row in under_way) == bound
    scene.bring(about(scene, made, "cancellations"))
    assert scene.state(made) == "released"


def confirm(scene: Scene, list_no: str, cop_no: str, days: int) -> str:
    with scene.engine.transaction() as tx:
        now = scene.clock.now()
        arrived = (now + timedelta(days=days)).date()
        return clearance.confirm_return(tx, list_no, cop_no, arrived, scene.engine.bench(tx), now)


def test_a_part_that_came_too_late_is_not_given_back_with_the_last(scene: Scene) -> None:
    made = trade(10, goods=[{"quantity": "2.00", "price": "50.00", "total": "100.00"}])
    scene.bring(*papers(made))
    taken, bound = used(scene), pledged(scene)
    for name in ("R1", "R2"):
        scene.bring(about(scene, made, "return_requests", cop_no=name))
    (list_no,) = {row["list_no"] for row in scene.rows("select list_no from returns")}
    assert confirm(scene, list_no, "R2", 10) == "800"
    assert used(scene) == taken // 2
    assert confirm(scene, list_no, "R1", 60) == "100"
    assert used(scene) == taken // 2
    assert pledged(scene) == bound // 2 or abs(pledged(scene) - bound / 2) < 1000


def test_quantities_too_large_to_add_are_above_the_limit(scene: Scene) -> None:
    rice = {
        "hs_code": "1006302090",
        "unit_1": "035",
        "unit": "035",
        "price": "0",
        "total": "0",
        "quantity": "9500000000000",
    }
    made = trade(30, goods=[{}, *({**rice} for _ in range(10))])
    scene.bring(*papers(made))
    assert scene.state(made) == "refused"
    assert {row["code"] for row in scene.rows("select code from findings")} == {"LIMIT-03"}
    assert scene.rows("select * from messages where refusal_code is not null") == []
