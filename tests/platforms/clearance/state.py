"""What a clearance platform has come to, as one comparable whole; and what must always hold of it."""

from __future__ import annotations

from typing import Any

from tripoint.app import Engine
from tripoint.platforms.clearance.answers import desk as answers
from tripoint.registers.ledger import desk as ledger


def state_of(engine: Engine) -> dict[str, Any]:
    """Outcomes, findings, taxes, allowances and balances; numbers that only count arrivals are left out."""
    with engine.transaction() as tx:
        return {
            "lists": tx.rows(
                "select order_no, marketplace_code, state, waits_for, dutiable_value, duty, consumption_tax, vat, tax,"
                " channel from clearings order by order_no, marketplace_code"
            ),
            "findings": tx.rows(
                "select order_no, marketplace_code, code, severity, field, line_no, value, compares, other"
                " from findings order by 1, 2, 3, 5, 6, 7"
            ),
            "assessed": tx.rows("select * from assessed_lines order by order_no, marketplace_code, line_no"),
            "allowances": tx.rows(
                "select person_id, year, allowance, used from allowances where used > 0 order by 1, 2, 3"
            ),
            "balances": tx.rows("select account, balance from accounts order by account"),
        }


def hold_true(engine: Engine) -> None:
    """Every sum is its parts, no limit is passed, nothing is decided twice."""
    with engine.transaction() as tx:

        def none(question: str) -> None:
            found = tx.rows(question)
            assert not found, (question, found[:3])

        audit = ledger.check(tx)
        assert not audit.wrong, audit.wrong
        assert audit.total == 0
        none("select * from accounts where balance < minimum")
        none("select * from allowances where allowance = 'value' and used > 26000 * 100000::bigint")
        none(
            "select a.person_id from allowances a full join (select person_id, year, allowance, sum(amount) as used"
            " from allowance_uses group by 1, 2, 3) u using (person_id, year, allowance)"
            " where coalesce(u.used, 0) <> coalesce(a.used, 0)"
        )
        none(
            "select u.order_no from allowance_uses u left join clearings c using (order_no, marketplace_code)"
            " where c.state is distinct from 'released' and u.order_no not like 'opening/%%'"
        )
        none(
            "select c.order_no from clearings c left join allowance_uses u on u.order_no = c.order_no"
            " and u.marketplace_code = c.marketplace_code and u.allowance = 'value'"
            " where c.state = 'released' and u.amount is distinct from c.dutiable_value"
        )
        none(
            "select c.order_no from clearings c left join (select order_no, marketplace_code,"
            " sum(dutiable_value) as v, sum(duty) as d, sum(consumption_tax) as ct, sum(vat) as vat"
            " from assessed_lines group by 1, 2) a using (order_no, marketplace_code) where c.state = 'released' and"
            " (c.dutiable_value, c.duty, c.consumption_tax, c.vat, c.tax) is distinct from"
            " (a.v::bigint, a.d::bigint, a.ct::bigint, a.vat::bigint, (a.d + a.ct + a.vat)::bigint)"
        )
        none("select order_no from clearings where state = 'released' and tax %% 1000 <> 0")
        none(
            "select c.order_no from clearings c left join tax_bills t using (order_no, marketplace_code)"
            " where (c.state = 'released') <> (t.tax_no is not null)"
            " or t.duty + t.consumption_tax + t.vat is distinct from (case when t.tax_no is null then null else c.tax end)"
        )
        none(
            "select order_no from decisions where state = 'released' group by order_no, marketplace_code"
            " having count(*) > 1"
        )
        none(
            "select c.order_no from clearings c left join decisions d on d.order_no = c.order_no"
            " and d.marketplace_code = c.marketplace_code and d.state = 'released'"
            " where c.state = 'released' and d.batch is null"
        )
        told = answers.receipts(tx, recipient_code=None, most=answers.EVERYTHING)
        released = [row["order_no"] for row in told if row["return_info"] == "[Code:2600;Desc:放行]"]
        assert len(released) == len(set(released))
        none("select list_no from clearings where list_no is not null group by list_no having count(*) > 1")
        none("select pre_no from clearings group by pre_no having count(*) > 1")
        pledged = tx.value(
            "select coalesce(sum(balance), 0) from accounts where account like 'guarantee/%%/pledged'"
        )
        taxes = tx.value("select coalesce(sum(tax), 0) from clearings where state = 'released'")
        assert pledged == taxes
