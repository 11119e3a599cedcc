"""What each sender is told, in sets: a receipt for every paper that came and for every ruling that changed (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from tripoint.kernel.findings import Severity
from tripoint.pipeline import receipts, validity
from tripoint.pipeline.check import FINDINGS, find
from tripoint.pipeline.receipts import PHASED
from tripoint.platforms.clearance.answers.pronouncing import STATUS, rulings
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.records import KINDS, Bench, Kind, Ruled, Taken
from tripoint.regimes.receptions import load_receptions

__all__ = ["AGAIN", "PHASED", "compose", "compose_rulings"]

AGAIN = 0
"""The phase of answers to papers sent again: nothing else is kept of these."""

_PLACE = ["message_id", "position"]
_HEAD_CHECKS = tuple(check for check in validity.CHECKS if not check.each_line)
_LINE_CHECKS = tuple(check for check in validity.CHECKS if check.each_line)
_TOLD = ("message_id", "position", "guid", "order_no", "recipient_code", "status", *receipts.KEYS)
"""What of a paper its receipts may say."""


@dataclass(frozen=True, slots=True)
class _Pile:
    """The papers of one kind in a round: what receipts say of them, and what became of each, row by row."""

    kind: Kind
    heads: pl.DataFrame
    received: pl.DataFrame

    def these(self, *receptions: str) -> pl.DataFrame:
        """The papers that were received in one of some ways."""
        wanted = self.received["reception"].is_in(receptions)
        return self.received if wanted.all() else self.received.filter(wanted)


def compose(mail: Mail, taken: Taken, ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """Every receipt of a round (shape PHASED), in no order: `packing.pack` brings them into theirs.

    A round of one paper makes what it needs of one paper: kinds that did not come and steps without rows are left out.
    """
    piles = list(_piles(mail, taken))
    return receipts.together(
        [
            *_faulty(mail, piles, bench),
            *(part for pile in piles for part in _not_taken(pile, taken)),
            *(part for pile in piles for part in _repeated(pile, taken)),
            *_taken(mail, piles, ruled),
            *_by_themselves(mail, piles, bench),
            *rulings(ruled, bench),
        ]
    )


def compose_rulings(ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """The receipts of rulings alone (shape PHASED), in no order."""
    return receipts.together(rulings(ruled, bench))


def _piles(mail: Mail, taken: Taken) -> Iterator[_Pile]:
    """The kinds of papers that came, each with what became of those without faults."""
    for kind in KINDS:
        papers = mail.papers.get(kind.table)
        if papers is None or papers.is_empty():
            continue
        heads = papers.select(name for name in _TOLD if name in papers.columns).with_row_index("row")
        receptions = taken.received.filter(pl.col("kind") == kind.name).select(
            *_PLACE, "reception", "number", pl.col("marketplace_code").alias("marketplace"), "draft"
        )
        received = heads.join(receptions, on=_PLACE, how="inner", maintain_order="left")
        yield _Pile(kind, heads, received)


def _said(pile: _Pile, places: pl.DataFrame, phase: int) -> pl.DataFrame:
    """Receipts for papers at places (message_id, position, return_status, return_info)."""
    papers = pile.heads.join(places, on=_PLACE, how="inner", maintain_order="left")
    return receipts.answer(pile.kind.table, papers, phase)


def _refusal(kind: str, reason: str, key: str, detail: str) -> tuple[str, str]:
    """Status and text for a paper that is not taken."""
    told = load_receptions().get((kind, reason)) or load_receptions()[kind, "faulty"]
    return told.status, told.text_zh.format(key=key, detail=detail)[: receipts.TEXT_MAX]


def _faulty(mail: Mail, piles: list[_Pile], bench: Bench) -> Iterator[pl.DataFrame]:
    """Papers with faults of their own: every fault in one text; what has no head at all is told by a CEB900."""
    if mail.faults.is_empty():
        return
    details: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for message_id, position, code, path, line_no, value in mail.faults.iter_rows():
        said = _fault_text(bench, code, path, line_no, value)
        details.setdefault((message_id, position), []).append((code, said))
    named = mail.arriving.join(mail.faults.select(_PLACE).unique(), on=_PLACE, how="semi")
    kinds = {
        (message_id, position): (kind, number)
        for message_id, position, kind, number in named.select(*_PLACE, "kind", "number").iter_rows()
    }
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
    for pile in piles:
        if pile.kind.name in rows:
            yield _said(pile, _places(rows[pile.kind.name]), 1)
    yield _headless(mail, headless)


def _fault_text(bench: Bench, code: str, path: str, line_no: int | None, value: str | None) -> str:
    """One fault of a paper in words: what is wrong, with which value, and what mends it."""
    words = {"path": path, "value": value or "", "limit": "规定值"}
    told = bench.texts[code]
    where = f"第{line_no}项，" if line_no is not None else ""
    shown = f"（{value}）" if value and "{value}" not in told.text.zh else ""
    return f"[{code}]{where}{told.text.zh.format(**words)}{shown}，改正：{told.repair.zh.format(**words)}"


def _headless(mail: Mail, places: list[tuple[int, int, str]]) -> pl.DataFrame:
    """Papers without the node that names them: only the message can be answered."""
    if not places:
        return pl.DataFrame(schema=PHASED)
    senders = {
        letter.arrival.message_id: letter.arrival.sender_code or (letter.head.cop_code or "")
        for letter in mail.letters
        if letter.head is not None
    }
    rows = [
        dict.fromkeys(PHASED)
        | {
            "order_no": "",
            "recipient_code": senders[message_id],
            "message_type": "CEB900",
            "answers": message_id,
            "position": position,
            "guid": "",
            "return_status": receipts.FORMAT_STATUS,
            "return_info": text[: receipts.TEXT_MAX],
            "phase": 1,
        }
        for message_id, position, text in places
    ]
    return pl.DataFrame(rows, schema=PHASED, orient="row")


def _places(rows: list[tuple[int, int, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "message_id": pl.Int64(),
            "position": pl.Int32(),
            "return_status": pl.String(),
            "return_info": pl.String(),
        },
        orient="row",
    )


def _not_taken(pile: _Pile, taken: Taken) -> Iterator[pl.DataFrame]:
    """Papers whose version does not count: older, in conflict, locked, missing what they change."""
    wanted = pile.received.filter(~pl.col("reception").is_in(["accepted", "draft", "repeated"]))
    if wanted.is_empty():
        return
    name = pile.kind.name
    told = [
        _refusal(name, reception, number, "")
        for reception, number in wanted.select("reception", "number").iter_rows()
    ]
    yield receipts.answer(pile.kind.table, _with_numbers(pile, _telling(wanted, told), taken), 1)


def _telling(papers: pl.DataFrame, told: list[tuple[str, str]]) -> pl.DataFrame:
    """Papers with the status and text each is told."""
    return papers.with_columns(
        pl.Series("return_status", [status for status, _ in told], dtype=pl.String()),
        pl.Series("return_info", [text for _, text in told], dtype=pl.String()),
    )


def _with_numbers(pile: _Pile, told: pl.DataFrame, taken: Taken) -> pl.DataFrame:
    """Lists known before, with the numbers those were given."""
    if pile.kind.name != "list":
        return told
    known = [taken.states.get(key) for key in told.select("order_no", "marketplace_code").iter_rows()]
    pre_nos = pl.Series("pre", [its.pre_no if its else None for its in known], dtype=pl.String())
    list_nos = pl.Series("given", [its.list_no if its else None for its in known], dtype=pl.String())
    return told.with_columns(
        pl.coalesce(pre_nos, "pre_no").alias("pre_no"), pl.coalesce(list_nos, "list_no").alias("list_no")
    )


def _repeated(pile: _Pile, taken: Taken) -> Iterator[pl.DataFrame]:
    """The same paper again, in another message: it is told where it stands, and nothing is done."""
    again = pile.these("repeated")
    if again.is_empty():
        return
    told = []
    for order_no, marketplace in (
        again.select("order_no", "marketplace").iter_rows()
        if pile.kind.name == "list"
        else ((None, None),) * again.height
    ):
        stands = taken.states.get((order_no, marketplace)) if order_no is not None else None
        status = STATUS.get(stands.state, receipts.ACCEPTED) if stands else receipts.ACCEPTED
        told.append((status, "重复报送，内容相同，以首次接收为准"))
    yield receipts.answer(pile.kind.table, _with_numbers(pile, _telling(again, told), taken), AGAIN)


def _taken(mail: Mail, piles: list[_Pile], ruled: Ruled) -> Iterator[pl.DataFrame]:
    """Papers taken: status 2, or 1 for a draft; a list is told what it waits for."""
    noted = _noted(mail)
    for pile in piles:
        rows = pile.these("accepted", "draft")
        if rows.is_empty():
            continue
        if pile.kind.name == "list":
            rows = _with_rulings(rows, ruled)
        text = receipts.accepted_text(pile.kind.table)
        if noted is not None:
            rows = rows.join(noted, on=_PLACE, how="left", maintain_order="left")
            text = _with_note(text)
        status = pl.when(pl.col("draft")).then(pl.lit(receipts.DRAFTED)).otherwise(pl.lit(receipts.ACCEPTED))
        yield receipts.answer(
            pile.kind.table, rows.with_columns(status.alias("return_status"), text.alias("return_info")), 1
        )


def _with_rulings(rows: pl.DataFrame, ruled: Ruled) -> pl.DataFrame:
    """Lists taken, with the pre-entry numbers they were given and what they wait for."""
    lists = ruled.lists.select(
        pl.col("list.message_id").alias("message_id"),
        pl.col("list.position").alias("position"),
        "waits_for",
        pl.col("pre_no").alias("given_pre_no"),
    )
    return rows.join(lists, on=_PLACE, how="left", maintain_order="left").with_columns(
        pl.coalesce("given_pre_no", "pre_no").alias("pre_no"), pl.col("waits_for").fill_null("")
    )


def _noted(mail: Mail) -> pl.DataFrame | None:
    """What was tolerated in each paper, as one text: message_id, position, noted; None where nothing was."""
    if mail.notes.is_empty():
        return None
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


def _by_themselves(mail: Mail, piles: list[_Pile], bench: Bench) -> Iterator[pl.DataFrame]:
    """Orders, payments and waybills taken: 120 where their own figures are sound, else 100 and every finding."""
    for pile in piles:
        if pile.kind.name not in ("order", "payment", "waybill"):
            continue
        mine = pile.these("accepted")
        if mine.is_empty():
            continue
        texts = _own_findings(pile, mail.papers, bench)
        if texts is None:
            rows = mine.with_columns(
                pl.lit(receipts.STORED).alias("return_status"),
                pl.lit(receipts.LOGIC_PASSED).alias("return_info"),
            )
        else:
            rows = mine.join(texts, on="row", how="left", maintain_order="left").with_columns(
                pl.when(pl.col("text").is_null())
                .then(pl.lit(receipts.STORED))
                .otherwise(pl.lit(receipts.REJECTED))
                .alias("return_status"),
                pl.col("text").fill_null(receipts.LOGIC_PASSED).alias("return_info"),
            )
        yield receipts.answer(pile.kind.table, rows, 2)


def _own_findings(pile: _Pile, papers: Mapping[str, pl.DataFrame], bench: Bench) -> pl.DataFrame | None:
    """What is to be refused in papers by themselves: row of the pile, text; None where there is nothing."""
    kind = pile.kind
    heads = papers[kind.table].select(
        pl.all().name.prefix(f"{kind.name}."), pl.lit(value=True).alias(f"{kind.name}.present")
    )
    found = [_by_row(find(heads.with_row_index("row"), _HEAD_CHECKS), pile.heads["row"])]
    lines = papers.get(kind.lines) if kind.lines else None
    if lines is not None and not lines.is_empty():
        named = lines.select("line_no", pl.all().name.prefix(f"{kind.name}_line.")).with_row_index("row")
        struck = find(named, _LINE_CHECKS)
        if struck.height:
            owners = lines.select(_PLACE).join(
                pile.heads.select("row", *_PLACE), on=_PLACE, how="left", maintain_order="left"
            )
            found.append(_by_row(struck, owners["row"]))
    findings = pl.concat(found)
    if findings.is_empty():
        return None
    refusing = _refusing(findings, bench)
    if refusing.is_empty():
        return None
    texts = receipts.finding_texts(refusing, bench.texts, bench.labels)
    return texts.with_columns(pl.col("row").cast(pl.UInt32()))


def _refusing(findings: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """The findings that refuse a paper under any mode of supervision, in the law's order.

    What `decision.weigh` says of a set without a mode, without a table of every mode and code for a handful of rows.
    """
    codes = [code for code in findings["code"].unique() if bench.severities["", code] == Severity.REFUSE]
    ranks = {code: bench.ranks.get(code, len(bench.ranks)) for code in codes}
    return (
        findings.filter(pl.col("code").is_in(codes))
        .with_columns(
            pl.col("code").replace_strict(ranks, default=None, return_dtype=pl.Int32()).alias("rank")
        )
        .sort("row", "rank", "code", "line_no", "field", nulls_last=True, maintain_order=True)
    )


def _by_row(found: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Findings (shape FINDINGS) whose row is that of the papers instead of a place in `rows`."""
    if found.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    at = found["row"].cast(pl.UInt32())
    owner = rows.gather(at).cast(pl.Int64())
    return (
        found.with_columns(owner.alias("row")).filter(pl.col("row").is_not_null()).cast(pl.Schema(FINDINGS))
    )
