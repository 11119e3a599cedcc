"""What each sender is told, in sets: a receipt for every paper that came and for every ruling that changed (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import polars as pl

from tripoint.pipeline import receipts
from tripoint.pipeline.receipts import PHASED
from tripoint.platforms.clearance.answers.pronouncing import STATUS, rulings
from tripoint.platforms.clearance.answers.soundness import JUDGED, refused_by_themselves
from tripoint.platforms.clearance.papers.reading import Mail
from tripoint.platforms.clearance.records import KINDS, Bench, Ruled, Taken
from tripoint.regimes.receptions import load_receptions

__all__ = ["AGAIN", "PHASED", "compose", "compose_rulings"]

AGAIN = 0
"""The phase of answers to papers sent again: nothing else is kept of these."""

_PLACE = ["message_id", "position"]
_TAKEN = ("accepted", "draft")
"""The receptions of papers that count."""


def compose(mail: Mail, taken: Taken, ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """Every receipt of a round (shape PHASED), in no order: `packing.pack` brings them into theirs.

    All kinds of papers are answered as one set; steps without rows are left out.
    """
    came = _came(mail, taken)
    return receipts.together(
        [
            *_faulty(mail, came, bench),
            *_not_taken(came, taken),
            *_repeated(came, taken),
            *_taken(mail, came, ruled),
            *_by_themselves(mail, came, bench),
            *rulings(ruled, bench),
        ]
    )


def compose_rulings(ruled: Ruled, bench: Bench) -> pl.DataFrame:
    """The receipts of rulings alone (shape PHASED), in no order."""
    return receipts.together(rulings(ruled, bench))


def _came(mail: Mail, taken: Taken) -> pl.DataFrame:
    """The papers that came, of all kinds: what receipts say of them, and of those without faults what became of each."""
    heads = [
        receipts.answer(kind.table, mail.papers[kind.table], 1).with_columns_seq(
            pl.lit(kind.name).alias("kind"), pl.col("answers").alias("message_id")
        )
        for kind in KINDS
        if kind.table in mail.papers and mail.papers[kind.table].height
    ]
    if not heads:
        return pl.DataFrame(schema=_CAME)
    received = taken.received.select_seq(
        *_PLACE, "reception", "number", pl.col("marketplace_code").alias("marketplace"), "draft"
    )
    return pl.concat(heads, how="diagonal").join(received, on=_PLACE, how="left", maintain_order="left")


_CAME = PHASED | {
    "kind": pl.String(),
    "message_id": pl.Int64(),
    **dict.fromkeys(("reception", "number", "marketplace"), pl.String()),
    "draft": pl.Boolean(),
}


def _refusal(kind: str, reason: str, key: str, detail: str) -> tuple[str, str]:
    """Status and text for a paper that is not taken."""
    told = load_receptions().get((kind, reason)) or load_receptions()[kind, "faulty"]
    return told.status, told.text_zh.format(key=key, detail=detail)[: receipts.TEXT_MAX]


def _faulty(mail: Mail, came: pl.DataFrame, bench: Bench) -> Iterator[pl.DataFrame]:
    """Papers with faults of their own: every fault in one text; what has no head at all is told by a CEB900."""
    if mail.faults.is_empty():
        return
    details: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for message_id, position, code, path, line_no, value in mail.faults.iter_rows():
        said = _fault_text(bench, code, path, line_no, value)
        details.setdefault((message_id, position), []).append((code, said))
    named = mail.arriving.join(mail.faults.select_seq(_PLACE).unique(), on=_PLACE, how="semi")
    kinds = {
        (message_id, position): (kind, number)
        for message_id, position, kind, number in named.select_seq(*_PLACE, "kind", "number").iter_rows()
    }
    rows: list[tuple[int, int, str, str]] = []
    headless: list[tuple[int, int, str]] = []
    for place, faults in details.items():
        detail = receipts.fit([text for _, text in faults])
        if place not in kinds:
            headless.append((*place, detail))
            continue
        kind, number = kinds[place]
        unsigned = all(code.startswith("SIGN") for code, _ in faults)
        rows.append((*place, *_refusal(kind, "unsigned" if unsigned else "faulty", number or "", detail)))
    if rows:
        yield _answers(came.join(_places(rows), on=_PLACE, how="inner", maintain_order="left"), 1)
    if headless:
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


def _answers(papers: pl.DataFrame, phase: int) -> pl.DataFrame:
    """Receipts for papers that came (shape _CAME), with return_status and return_info."""
    return papers.with_columns_seq(pl.lit(phase, pl.Int8()).alias("phase"))


def _not_taken(came: pl.DataFrame, taken: Taken) -> Iterator[pl.DataFrame]:
    """Papers whose version does not count: older, in conflict, locked, missing what they change."""
    wanted = _received(came, ~pl.col("reception").is_in([*_TAKEN, "repeated"]))
    if wanted.is_empty():
        return
    told = [
        _refusal(kind, reception, number, "")
        for kind, reception, number in wanted.select_seq("kind", "reception", "number").iter_rows()
    ]
    yield _answers(_with_numbers(_telling(wanted, told), taken), 1)


def _received(came: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """Papers by their reception; those that have none were faulty."""
    rows = came.select_seq(which.fill_null(value=False).alias("wanted"))["wanted"]
    return came if rows.all() else came.filter(rows)


def _telling(papers: pl.DataFrame, told: list[tuple[str, str]]) -> pl.DataFrame:
    """Papers with the status and text each is told."""
    return papers.with_columns_seq(
        pl.Series("return_status", [status for status, _ in told], dtype=pl.String()),
        pl.Series("return_info", [text for _, text in told], dtype=pl.String()),
    )


def _with_numbers(told: pl.DataFrame, taken: Taken) -> pl.DataFrame:
    """Papers, the lists among them that are known before with the numbers those were given."""
    if not (told["kind"] == "list").any():
        return told
    known = [
        taken.states.get((order_no, marketplace)) if kind == "list" else None
        for kind, order_no, marketplace in told.select_seq("kind", "order_no", "marketplace_code").iter_rows()
    ]
    return told.with_columns_seq(
        pl.coalesce(
            pl.Series([its.pre_no if its else None for its in known], dtype=pl.String()), "pre_no"
        ).alias("pre_no"),
        pl.coalesce(
            pl.Series([its.list_no if its else None for its in known], dtype=pl.String()), "list_no"
        ).alias("list_no"),
    )


def _repeated(came: pl.DataFrame, taken: Taken) -> Iterator[pl.DataFrame]:
    """The same paper again, in another message: it is told where it stands, and nothing is done."""
    again = _received(came, pl.col("reception") == "repeated")
    if again.is_empty():
        return
    told = []
    for kind, order_no, marketplace in again.select_seq("kind", "order_no", "marketplace").iter_rows():
        stands = taken.states.get((order_no, marketplace)) if kind == "list" else None
        status = STATUS.get(stands.state, receipts.ACCEPTED) if stands else receipts.ACCEPTED
        told.append((status, "重复报送，内容相同，以首次接收为准"))
    yield _answers(_with_numbers(_telling(again, told), taken), AGAIN)


def _taken(mail: Mail, came: pl.DataFrame, ruled: Ruled) -> Iterator[pl.DataFrame]:
    """Papers taken: status 2, or 1 for a draft; a list is told what it waits for."""
    noted = _noted(mail)
    rows = _received(came, pl.col("reception").is_in(_TAKEN))
    if noted is not None:
        rows = rows.join(noted, on=_PLACE, how="left", maintain_order="left")
    is_list = rows["kind"] == "list"
    others, lists = rows.filter(~is_list), rows.filter(is_list)
    if others.height:
        yield _answers(others.with_columns_seq(_acceptance(is_list=False, is_noted=noted is not None)), 1)
    if lists.height:
        lists = _with_rulings(lists, ruled)
        yield _answers(lists.with_columns_seq(_acceptance(is_list=True, is_noted=noted is not None)), 1)


@cache
def _acceptance(*, is_list: bool, is_noted: bool) -> list[pl.Expr]:
    """Status and text of a paper that was taken."""
    text = receipts.accepted_text("lists" if is_list else "orders")
    status = pl.when(pl.col("draft")).then(pl.lit(receipts.DRAFTED)).otherwise(pl.lit(receipts.ACCEPTED))
    return [status.alias("return_status"), (_with_note(text) if is_noted else text).alias("return_info")]


def _with_rulings(rows: pl.DataFrame, ruled: Ruled) -> pl.DataFrame:
    """Lists taken, with the pre-entry numbers they were given and what they wait for."""
    lists = ruled.lists.select_seq(
        pl.col("list.message_id").alias("message_id"),
        pl.col("list.position").alias("position"),
        "waits_for",
        pl.col("pre_no").alias("given_pre_no"),
    )
    return rows.join(lists, on=_PLACE, how="left", maintain_order="left").with_columns_seq(
        pl.coalesce("given_pre_no", "pre_no").alias("pre_no"), pl.col("waits_for").fill_null("")
    )


def _noted(mail: Mail) -> pl.DataFrame | None:
    """What was tolerated in each paper, as one text: message_id, position, noted; None where nothing was."""
    if mail.notes.is_empty():
        return None
    return (
        mail.notes.select_seq("message_id", "position", pl.format("[{}]{}", "code", "path").alias("noted"))
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


def _by_themselves(mail: Mail, came: pl.DataFrame, bench: Bench) -> Iterator[pl.DataFrame]:
    """Orders, payments and waybills taken: 120 where their own figures are sound, else 100 and every finding."""
    mine = _received(came, (pl.col("reception") == "accepted") & pl.col("kind").is_in(JUDGED))
    if mine.is_empty():
        return
    refused = refused_by_themselves(mail.papers, bench)
    if refused is None:
        yield _answers(mine.with_columns_seq(_SOUND), 2)
        return
    told = mine.join(refused, on=_PLACE, how="left", maintain_order="left")
    yield _answers(told.with_columns_seq(_SOUND_OR_NOT), 2)


_SOUND = [
    pl.lit(receipts.STORED).alias("return_status"),
    pl.lit(receipts.LOGIC_PASSED).alias("return_info"),
]
_SOUND_OR_NOT = [
    pl.when(pl.col("text").is_null())
    .then(pl.lit(receipts.STORED))
    .otherwise(pl.lit(receipts.REJECTED))
    .alias("return_status"),
    pl.col("text").fill_null(receipts.LOGIC_PASSED).alias("return_info"),
]
