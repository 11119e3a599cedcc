"""`tripoint rates`: rates and goods allowed change only when what a file would do was shown and is applied."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from tripoint.faces.cli import exits, pems
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import RATE_NAMES, named
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.registers.rates.records import Entry, Proposal

DIFFERENCES_SHOWN = 200
BY = "cli"

app = parser("rates")


@app.command(help="Show what a CSV file would change; nothing counts until it is applied. 提案并显示差异。")
def propose(
    file: Annotated[Path, Parameter(help="CSV in UTF-8 (docs/guides/rates.md). 税率或商品文件。")],
    *,
    register: Annotated[
        Literal["rates", "goods"], Parameter(help="Which register (default rates). 登记簿。")
    ] = "rates",
    complete_from: Annotated[
        str | None, Parameter(help="The file is the whole register from this day. 自该日起为全表。")
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Propose a file; 1 where it has errors."""
    from tripoint.registers.rates import desk
    from tripoint.registers.rates.records import Register

    talk = Talk(voice)
    since = None if complete_from is None else day(complete_from)
    raw = pems.read(file)
    with engine(place, talk) as opened, opened.transaction() as tx:
        proposal = desk.propose(
            tx, Register(register), raw, who=BY, at=opened.clock.now(), complete_from=since
        )
    _tell(proposal, talk)
    if proposal.digest is None:
        return exits.FOUND
    talk.say(
        f"确认：tripoint rates apply {proposal.digest}",
        f"to apply it: tripoint rates apply {proposal.digest}",
    )
    return exits.OK


@app.command(
    name="apply", help="Apply what was shown under a digest; held lists are judged again. 确认提案。"
)
def apply_(
    digest: Annotated[str, Parameter(help="As `propose` printed it. 提案摘要。")],
    *,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Apply a proposal."""
    from tripoint.registers.rates import desk

    talk = Talk(voice)
    with engine(place, talk) as opened:
        with opened.transaction() as tx:
            proposal = desk.apply(tx, digest, who=BY, at=opened.clock.now())
        worked = opened.rejudge()
    talk.data(_document(proposal) | {"rejudged": worked.states})
    talk.say(
        f"已生效；重新判定后有变化的清单 {sum(worked.states.values())} 份",
        f"applied; {sum(worked.states.values())} lists changed when judged again",
    )


@app.command(help="Show the rate of a goods code on a day, with its source. 查询税率。")
def show(
    hs_code: Annotated[str, Parameter(help="Goods code of ten digits. 商品编码。")],
    *,
    on: Annotated[str | None, Parameter(help="Day (default today). 日期。")] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show a rate."""
    import polars as pl

    from tripoint.kernel.clock import CHINA
    from tripoint.kernel.refusals import Unknown
    from tripoint.registers.rates import store
    from tripoint.registers.rates.records import Register

    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        wanted = day(on) if on else opened.clock.now().astimezone(CHINA).date()
        frame = pl.DataFrame({"hs_code": [hs_code], "declared_on": [wanted]})
        found = store.rates_for(tx, frame).to_dicts()
        sources = [
            one.source
            for one in store.kept(tx, Register.RATES)
            if one.code == hs_code and one.since <= wanted and (one.until is None or wanted <= one.until)
        ]
    if not found or found[0].get("duty_ppm") is None:
        raise Unknown(
            "RATE-UNKNOWN", f"{wanted} 没有 {hs_code} 的税率", f"there is no rate for {hs_code} on {wanted}"
        )
    rate = found[0] | {"source": sources[0] if sources else None}
    talk.data(rate)
    talk.table(
        Text(f"{hs_code}，{wanted}", f"{hs_code} on {wanted}"),
        (Text("项目", "what"), Text("内容", "value")),
        [
            (talk.pick(named(RATE_NAMES, name)), talk.pick(_shown(name, value)))
            for name, value in rate.items()
            if value is not None
        ],
    )


@app.command(
    help="Load the rates and goods that are shipped into registers that hold nothing. 载入随附数据。"
)
def seed(*, voice: Voice | None = None, place: Place | None = None) -> None:
    """Seed empty registers."""
    talk = Talk(voice)
    with engine(place, talk, seeded=False) as opened:
        rows = opened.seed_rates()
    talk.data({"rows": rows})
    if rows:
        talk.say(f"已载入 {rows} 行", f"loaded {rows} rows")
    else:
        talk.say("登记簿已有内容，未改动", "the registers hold rows already and were left alone")


def day(text: str) -> date:
    """A day; raises Malformed."""
    from tripoint.kernel.refusals import Malformed

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Malformed("DAY", f"不是日期：{text}", f"not a day: {text}") from error


def _document(proposal: Proposal) -> dict[str, Any]:
    return {
        "register": str(proposal.register),
        "digest": proposal.digest,
        "complete_from": proposal.complete_from,
        "differences": [one for one in proposal.differences if one.kind != "unchanged"],
        "errors": proposal.errors,
    }


def _tell(proposal: Proposal, talk: Talk) -> None:
    talk.data(_document(proposal))
    for error in proposal.errors:
        where = f"{error.line} {error.field}" if error.field else f"{error.line}"
        talk.warn(f"第 {error.line} 行 {error.field}：{error.text.zh}", f"line {where}: {error.text.en}")
    changed = [one for one in proposal.differences if one.kind != "unchanged"]
    rows = [
        (str(one.kind), one.after.code, one.after.since, one.after.until, _said(one.before), _said(one.after))
        for one in changed[:DIFFERENCES_SHOWN]
    ]
    heads = (
        Text("变化", "change"),
        Text("编码", "code"),
        Text("自", "since"),
        Text("至", "until"),
        Text("原", "before"),
        Text("新", "after"),
    )
    talk.table(Text("差异", "differences"), heads, rows)
    same = len(proposal.differences) - len(changed)
    talk.say(f"变化 {len(changed)} 行，不变 {same} 行", f"{len(changed)} rows change, {same} stay")


def _said(entry: Entry | None) -> str:
    """The figures of a row in short: duty, VAT and consumption tax, or the modes goods may come in by."""
    from tripoint.registers.rates.records import Goods

    if entry is None:
        return ""
    if isinstance(entry, Goods):
        return entry.modes
    return " ".join(map(_percent, (entry.duty_ppm, entry.vat_ppm, entry.ct_ppm)))


def _shown(name: str, value: object) -> Text:
    """A figure of a rate as people read it."""
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    said = _percent(value) if isinstance(value, int) and name.endswith("_ppm") else str(value)
    return Text(said, said)


def _percent(ppm: int) -> str:
    return f"{Decimal(ppm) / 10_000:f}%"
