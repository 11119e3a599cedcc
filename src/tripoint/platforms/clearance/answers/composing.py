"""What each sender is told, in sets: a receipt for every paper that came and for every ruling that changed (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from tripoint.pipeline import matching, receipts, validity
from tripoint.pipeline.check import find
from tripoint.pipeline.checks import parties
from tripoint.pipeline.decision import weigh
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.records import KIND_OF, Bench, Kind, Ruled, Taken
from tripoint.regimes.receptions import load_receptions

PHASED = receipts.RECEIPTS | {"phase": pl.Int8()}
"""Receipts with the phase that orders them: 0 sent again, 1 taken, 2 judged by itself, 3 ruled on, 4 taxed."""

AGAIN = 0
"""The phase of answers to papers sent again: nothing else is kept of these."""

BETWEEN_PAPERS = frozenset(check.code for check in (*matching.CHECKS, *parties.CHECKS))
"""Findings that concern more senders than the declarant; what an order says wrong by itself its sender is told at once."""

_STATUS = {"refused": receipts.REJECTED, "held": receipts.REVIEW, "released": receipts.RELEASED}


def compose(mail: Mail, taken: Taken, ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """Every receipt of a round (shape PHASED), in no order: `packing.pack` brings them into theirs."""
    parts = [
        _faulty(mail, bench),
        _not_taken(mail, taken),
        _repeated(mail, taken),
        _taken(mail, taken, ruled),
        _by_themselves(mail, taken, bench),
        *_rulings(ruled, bench),
    ]
    return pl.concat(parts)


def compose_rulings(ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """The receipts of rulings alone (shape PHASED)."""
    return pl.concat(_rulings(ruled, bench))


def _phase(frame: pl.DataFrame, phase: int) -> pl.DataFrame:
    return frame.with_columns(pl.lit(phase, pl.Int8()).alias("phase"))


def _said(kind: Kind, mail: Mail, places: pl.DataFrame) -> pl.DataFrame:
    """Receipts for papers of a kind at places (message_id, position, return_status, return_info)."""
    papers = mail.papers.get(kind.table)
    if papers is None or places.is_empty():
        return pl.DataFrame(schema=receipts.RECEIPTS)
    return receipts.answer(kind.table, papers.join(places, on=["message_id", "position"], how="inner"))


def _refusal(kind: str, reason: str, key: str, detail: str) -> tuple[str, str]:
    """Status and text for a paper that is not taken."""
    told = load_receptions().get((kind, reason)) or load_receptions()[kind, "faulty"]
    return told.status, told.text_zh.format(key=key, detail=detail)[: receipts.TEXT_MAX]


def _faulty(mail: Mail, bench: Bench) -> pl.DataFrame:
    """Papers with faults of their own: every fault in one text; what has no head at all is told by a CEB900."""
    details: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for message_id, position, code, path, line_no, value in mail.faults.iter_rows():
        said = _fault_text(bench, code, path, line_no, value)
        details.setdefault((message_id, position), []).append((code, said))
    named = mail.arriving.select("message_id", "position", "kind", "number").iter_rows()
    kinds = {(message_id, position): (kind, number) for message_id, position, kind, number in named}
    rows: dict[str, list[tuple[int, int, str, str]]] = {}
    headless: list[tuple[int, int, str]] = []
    for place, faults in details.items():
        detail = receipts.fit([text for _, text in faults])
        if place not in kinds:
            headless.append((*place, detail))
            continue
        kind, number = kinds[place]
        unsigned = all(code.startswith("SIGN") for code, _ in faults)
        status, text = _refusal(kind, "unsigned" if unsigned else "faulty", number or "", detail)
        rows.setdefault(kind, []).append((*place, status, text))
    said_rows = [_said(KIND_OF[kind], mail, _places(found)) for kind, found in rows.items()]
    return _phase(pl.concat([_none(), *said_rows, _headless(mail, headless)]), 1)


def _fault_text(bench: Bench, code: str, path: str, line_no: int | None, value: str | None) -> str:
    """One fault of a paper in words: what is wrong, with which value, and what mends it."""
    words = {"path": path, "value": value or "", "limit": "规定值"}
    told = bench.texts[code]
    where = f"第{line_no}项，" if line_no is not None else ""
    shown = f"（{value}）" if value and "{value}" not in told.text.zh else ""
    return f"[{code}]{where}{told.text.zh.format(**words)}{shown}，改正：{told.repair.zh.format(**words)}"


def _headless(mail: Mail, places: list[tuple[int, int, str]]) -> pl.DataFrame:
    """Papers without the node that names them: only the message can be answered."""
    senders = {
        letter.arrival.message_id: letter.arrival.sender_code or (letter.head.cop_code or "")
        for letter in mail.letters
        if letter.head is not None
    }
    rows = [
        dict.fromkeys(receipts.RECEIPTS)
        | {
            "order_no": "",
            "recipient_code": senders[message_id],
            "message_type": "CEB900",
            "answers": message_id,
            "position": position,
            "guid": "",
            "return_status": receipts.FORMAT_STATUS,
            "return_info": text[: receipts.TEXT_MAX],
        }
        for message_id, position, text in places
    ]
    return pl.DataFrame(rows, schema=receipts.RECEIPTS, orient="row")


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=receipts.RECEIPTS)


def _places(rows: Iterable[tuple[int, int, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        list(rows),
        schema={
            "message_id": pl.Int64(),
            "position": pl.Int32(),
            "return_status": pl.String(),
            "return_info": pl.String(),
        },
        orient="row",
    )


def _not_taken(mail: Mail, taken: Taken) -> pl.DataFrame:
    """Papers whose version does not count: older, in conflict, locked, missing what they change."""
    refused = taken.received.filter(~pl.col("reception").is_in(["accepted", "draft", "repeated"]))
    parts = [_none()]
    for name in KIND_OF:
        rows = [
            (m, p, *_refusal(name, reception, number, ""))
            for m, p, reception, number in refused.filter(pl.col("kind") == name)
            .select("message_id", "position", "reception", "number")
            .iter_rows()
        ]
        parts.append(_said(KIND_OF[name], mail, _places(rows)))
    return _phase(_with_numbers(pl.concat(parts), taken), 1)


def _with_numbers(told: pl.DataFrame, taken: Taken) -> pl.DataFrame:
    """Receipts about lists known before, with the numbers those were given."""
    known = [taken.states.get(key) for key in told.select("order_no", "marketplace_code").iter_rows()]
    is_list = pl.col("message_type") == "CEB622"
    return (
        told.with_columns(
            pl.Series("pre", [its.pre_no if its else None for its in known], dtype=pl.String()),
            pl.Series("given", [its.list_no if its else None for its in known], dtype=pl.String()),
        )
        .select(
            *(pl.col(name) for name in told.columns if name not in ("pre_no", "list_no")),
            pl.when(is_list).then(pl.coalesce("pre", "pre_no")).otherwise(pl.col("pre_no")).alias("pre_no"),
            pl.when(is_list)
            .then(pl.coalesce("given", "list_no"))
            .otherwise(pl.col("list_no"))
            .alias("list_no"),
        )
        .select(told.columns)
    )


def _repeated(mail: Mail, taken: Taken) -> pl.DataFrame:
    """The same paper again, in another message: it is told where it stands, and nothing is done."""
    parts = [_none()]
    again = taken.received.filter(pl.col("reception") == "repeated")
    for name in KIND_OF:
        rows = []
        chosen = again.filter(pl.col("kind") == name).select(
            "message_id", "position", "order_no", "marketplace_code"
        )
        for m, p, order_no, marketplace in chosen.iter_rows():
            stands = taken.states.get((order_no, marketplace)) if name == "list" else None
            status = _STATUS.get(stands.state, receipts.ACCEPTED) if stands else receipts.ACCEPTED
            rows.append((m, p, status, "重复报送，内容相同，以首次接收为准"))
        parts.append(_said(KIND_OF[name], mail, _places(rows)))
    return _phase(_with_numbers(pl.concat(parts), taken), AGAIN)


def _taken(mail: Mail, taken: Taken, ruled: Ruled) -> pl.DataFrame:
    """Papers taken: status 2, or 1 for a draft; a list is told what it waits for."""
    parts = [_none()]
    lists = ruled.lists.select(
        pl.col("list.message_id").alias("message_id"),
        pl.col("list.position").alias("position"),
        "waits_for",
        pl.col("pre_no").alias("given_pre_no"),
    )
    for name, kind in KIND_OF.items():
        papers = mail.papers.get(kind.table)
        if papers is None:
            continue
        places = taken.received.filter(
            (pl.col("kind") == name) & pl.col("reception").is_in(["accepted", "draft"])
        ).select("message_id", "position", "draft")
        rows = papers.join(places, on=["message_id", "position"], how="inner", maintain_order="left")
        if name == "list":
            rows = rows.join(
                lists, on=["message_id", "position"], how="left", maintain_order="left"
            ).with_columns(
                pl.coalesce("given_pre_no", "pre_no").alias("pre_no"), pl.col("waits_for").fill_null("")
            )
        rows = rows.join(_noted(mail), on=["message_id", "position"], how="left", maintain_order="left")
        status = pl.when(pl.col("draft")).then(pl.lit(receipts.DRAFTED)).otherwise(pl.lit(receipts.ACCEPTED))
        parts.append(
            receipts.answer(
                kind.table,
                rows.with_columns(
                    status.alias("return_status"),
                    _with_note(receipts.accepted_text(kind.table)).alias("return_info"),
                ),
            )
        )
    return _phase(pl.concat(parts), 1)


def _noted(mail: Mail) -> pl.DataFrame:
    """What was tolerated in each paper, as one text: message_id, position, noted."""
    return (
        mail.notes.select("message_id", "position", pl.format("[{}]{}", "code", "path").alias("noted"))
        .group_by("message_id", "position", maintain_order=True)
        .agg(pl.col("noted").unique(maintain_order=True).str.join(","))
    )


def _with_note(text: pl.Expr) -> pl.Expr:
    """A text of status 2, and after it what was tolerated."""
    noted = (
        pl.when(pl.col("noted").is_not_null())
        .then(pl.format("；提示：{}", pl.col("noted")))
        .otherwise(pl.lit(""))
    )
    return (text + noted).str.slice(0, receipts.TEXT_MAX)


def _by_themselves(mail: Mail, taken: Taken, bench: Bench) -> pl.DataFrame:
    """Orders, payments and waybills taken: 120 where their own figures are sound, else 100 and every finding."""
    parts = [_none()]
    for name in ("order", "payment", "waybill"):
        kind = KIND_OF[name]
        papers = mail.papers.get(kind.table)
        if papers is None:
            continue
        places = taken.received.filter((pl.col("kind") == name) & (pl.col("reception") == "accepted"))
        mine = papers.join(places.select("message_id", "position"), on=["message_id", "position"], how="semi")
        texts = _own_findings(kind, mine, mail.papers, bench)
        rows = (
            mine.with_row_index("row")
            .with_columns(pl.col("row").cast(pl.Int64()))
            .join(texts, on="row", how="left", maintain_order="left")
            .with_columns(
                pl.when(pl.col("text").is_null())
                .then(pl.lit(receipts.STORED))
                .otherwise(pl.lit(receipts.REJECTED))
                .alias("return_status"),
                pl.col("text").fill_null(receipts.LOGIC_PASSED).alias("return_info"),
            )
        )
        parts.append(receipts.answer(kind.table, rows))
    return _phase(pl.concat(parts), 2)


def _own_findings(
    kind: Kind, mine: pl.DataFrame, papers: Mapping[str, pl.DataFrame], bench: Bench
) -> pl.DataFrame:
    """What is to be refused in papers by themselves; columns row, text."""
    heads = mine.select(pl.all().name.prefix(f"{kind.name}.")).with_row_index("row")
    sets = heads.with_columns(
        pl.col("row").cast(pl.Int64()), pl.lit(value=True).alias(f"{kind.name}.present")
    )
    found = [find(sets, [check for check in validity.CHECKS if not check.each_line])]
    if kind.lines and kind.lines in papers:
        prefix = f"{kind.name}_line"
        lines = papers[kind.lines].select(
            "message_id",
            "position",
            "line_no",
            pl.all().exclude("message_id", "position").name.prefix(f"{prefix}."),
        )
        mine_lines = sets.select("row", f"{kind.name}.message_id", f"{kind.name}.position").join(
            lines,
            left_on=[f"{kind.name}.message_id", f"{kind.name}.position"],
            right_on=["message_id", "position"],
            how="inner",
        )
        found.append(find(mine_lines, [check for check in validity.CHECKS if check.each_line]))
    modes = sets.select("row", pl.lit("").alias("supervision_mode"))
    judged = weigh(pl.concat(found), modes, bench.severities, bench.ranks)
    return receipts.finding_texts(judged.filter(pl.col("severity") == "refuse"), bench.texts, bench.labels)


def _rulings(ruled: Ruled, bench: Bench) -> list[pl.DataFrame]:
    """Receipts to the declarant of each list that changed, to the senders of its papers, and the tax bills."""
    changed = ruled.changed
    weighty = ruled.told.filter(pl.col("severity") != "note")
    texts = receipts.finding_texts(weighty, bench.texts, bench.labels)
    lists = _list_rows(changed).join(texts, on="row", how="left", maintain_order="left")
    passed = lists.filter(pl.col("state").is_in(["released", "held"]) & (pl.col("was_list_no").is_null()))
    stored = passed.with_columns(
        pl.lit(receipts.STORED).alias("return_status"), pl.lit(receipts.LOGIC_PASSED).alias("return_info")
    )
    final = lists.filter(pl.col("state").is_in(list(_STATUS))).with_columns(
        pl.col("state").replace_strict(_STATUS, return_dtype=pl.String()).alias("return_status"),
        pl.when(pl.col("state") == "released")
        .then(pl.lit(receipts.RELEASE))
        .otherwise(pl.col("text").fill_null(""))
        .alias("return_info"),
    )
    return [
        _phase(receipts.answer("lists", stored), 2),
        _phase(receipts.answer("lists", final), 3),
        _phase(_to_others(changed, weighty, bench), 3),
        _phase(_tax_bills(lists.filter(pl.col("state") == "released")), 4),
    ]


def _list_rows(changed: pl.DataFrame) -> pl.DataFrame:
    """The changed lists as the receipt of a list wants them."""
    names = ("message_id", "position", "guid", "order_no", "marketplace_code", "merchant_code")
    more = ("declarant_code", "customs_code", "cop_no", "recipient_code", "carrier_code", "waybill_no")
    return changed.select(
        "row",
        "state",
        "was_list_no",
        "list_no",
        "pre_no",
        *(pl.col(f"list.{name}").alias(name) for name in (*names, *more)),
    )


def _to_others(changed: pl.DataFrame, weighty: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """Where a list is refused because two papers differ, the sender of the other paper is told as well."""
    refused = changed.filter(pl.col("state") == "refused")
    between = weighty.filter((pl.col("severity") == "refuse") & pl.col("code").is_in(list(BETWEEN_PAPERS)))
    parts = [_none()]
    for name in ("order", "payment", "waybill"):
        mine = between.filter(
            pl.col("field").str.starts_with(f"{name}.")
            | pl.col("field").str.starts_with(f"{name}_line.")
            | pl.col("compares").str.starts_with(f"{name}.").fill_null(value=False)
            | pl.col("compares").str.starts_with(f"{name}_line.").fill_null(value=False)
        )
        texts = receipts.finding_texts(mine, bench.texts, bench.labels)
        kind = KIND_OF[name]
        columns = [column for column in refused.columns if column.startswith(f"{name}.")]
        rows = (
            refused.join(texts, on="row", how="inner", maintain_order="left")
            .filter(pl.col(f"{name}.message_id").is_not_null())
            .select(
                *(pl.col(column).alias(column.removeprefix(f"{name}.")) for column in columns),
                pl.lit(receipts.REJECTED).alias("return_status"),
                pl.col("text").alias("return_info"),
                *([pl.col("list.order_no").alias("order_no")] if f"{name}.order_no" not in columns else []),
            )
        )
        parts.append(receipts.answer(kind.table, rows))
    return pl.concat(parts)


def _tax_bills(released: pl.DataFrame) -> pl.DataFrame:
    """The electronic tax bill (816) of each released list."""
    bills = released.with_columns(
        pl.format("{}_0", "list_no").alias("tax_no"),
        pl.lit("1").alias("return_status"),
        pl.lit("").alias("return_info"),
    )
    return receipts.answer("lists", bills).with_columns(pl.lit("CEB816").alias("message_type"))
