"""Sends cases through the real engine, all of them together: round after round, each with numbers and persons of its own."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.cases.trade import (
    CODES,
    MESSAGE_OF,
    PAPERS,
    ROLES,
    Trade,
    add_up,
    bonded,
    differ,
    person_id,
    person_name,
    set_goods,
    standard,
)
from tripoint.app import Engine
from tripoint.database import Database
from tripoint.kernel.clock import CHINA, FixedClock
from tripoint.messages.ceb.parsing import Transfer
from tripoint.messages.ceb.writing import write
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.registers.rates import desk as rates
from tripoint.registers.rates.files import GOODS_COLUMNS, RATE_COLUMNS
from tripoint.registers.rates.records import Register
from tripoint.settings import Settings

HERE = Path(__file__).parent
ARRIVAL = datetime(2026, 6, 1, 12, tzinfo=CHINA)
"""When everything arrives, unless a case says otherwise; no list is declared later."""
SOURCE = "made up for a test"
GIVEN = {"pre_no": "its pre-entry no", "list_no": "its list number"}
"""What stands in a paper for a number that the list is only given on the way."""
SINCE = "2016-01-01"
RICH = "900000000.00"
POST = Transfer("0000A00009", "示例传输", "DXP", "DXPENT0000000001")

Row = dict[str, Any]


@dataclass(slots=True)
class Send:
    """A paper to be sent in a round, after the others with a smaller place."""

    trade: Trade
    kind: str
    place: int
    wire: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Case:
    """One case: what its file says, its number, its trades, and the rounds it takes."""

    name: str
    said: Row
    number: int
    trades: list[Trade]
    rounds: list[list[Send | Row]]

    @property
    def codes(self) -> dict[str, str]:
        """The enterprises of this case: its own where the file says something about them."""
        return codes_of(self.said, self.number)


def codes_of(said: Row, number: int) -> dict[str, str]:
    """The enterprise of each role: the common one, or one of the case's own."""
    own = said.get("given", {}).get("enterprises", {})
    return {
        role: f"0000{'BCDEFG'[at]}{number:05d}" if role in own else code
        for at, (role, code) in enumerate(CODES.items())
    }


def files() -> Iterator[Path]:
    """Every case of the law at work; those of `tax` are another test's."""
    return (path for path in sorted(HERE.glob("*/*.toml")) if path.parent.name != "tax")


def load(path: Path, number: int) -> Case:
    """The case in a file, under a number that no other has."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    return make(f"{path.parent.name}/{path.stem}", said, number)


def make(name: str, said: Row, number: int) -> Case:
    """A case from what its file says; numbers are ten apart, so that it may have ten trades."""
    given = said.get("given", {})
    codes = codes_of(said, number)
    trades = []
    for at, differs in enumerate([given, *given.get("also", [])]):
        trade = standard(number + at, said["day"], codes)
        if at:
            _buy_as(trade, number)
        _bend(trade, differs, codes)
        trades.append(trade)
    case = Case(name, said, number, trades, [])
    case.rounds = [list(_first(case, given))] if given.get("sent") != [] else []
    for step in said.get("then", []):
        case.rounds.append(list(_step(case, step, len(case.rounds))))
    return case


def _bend(trade: Trade, given: Row, codes: dict[str, str]) -> None:
    if given.get("mode") == "1210":
        bonded(trade, codes["warehouse"])
    if "goods" in given:
        set_goods(trade, given["goods"])
    charges = {name: given[name] for name in ("freight", "insurance") if name in given}
    if charges:
        differ(trade, "list", charges)
        differ(trade, "waybill", charges)
        trade.heads["order"]["freight"] = trade.heads["list"]["freight"] + trade.heads["list"]["insurance"]
        add_up(trade)
    for kind in PAPERS:
        differ(trade, kind, _with_numbers(given.get(kind, {}), trade))


def _with_numbers(said: Row, trade: Trade) -> Row:
    """What a case says, where `{buyer}` and the like stand for the numbers the trade was given."""
    words = {
        "buyer": trade.heads["order"]["buyer_id"],
        "buyer_name": trade.heads["list"]["buyer_name"],
        "buyer_telephone": f"1300000{int(trade.heads['list']['cop_no'][1:]) % 10_000:04d}",
        "order_no": trade.heads["order"]["order_no"],
        "pre_no": GIVEN["pre_no"],
        "list_no": GIVEN["list_no"],
        "payment_no": trade.heads["payment"]["payment_no"],
        "waybill_no": trade.heads["waybill"]["waybill_no"],
    }
    return {
        name: value.format(**words) if isinstance(value, str) and "{" in value else value
        for name, value in said.items()
    }


def _buy_as(trade: Trade, number: int) -> None:
    """Let the person of another number be the buyer."""
    person = {"buyer_id": person_id(number), "buyer_name": person_name(number)}
    for kind in ("order", "list"):
        trade.heads[kind] |= person
    trade.heads["payment"] |= {"payer_id": person["buyer_id"], "payer_name": person["buyer_name"]}


def _first(case: Case, given: Row) -> Iterator[Send]:
    """The first round: every paper of every trade that is not missing."""
    place = 0
    for trade, differs in zip(case.trades, [given, *given.get("also", [])], strict=True):
        order = differs.get("sent", [kind for kind in PAPERS if kind not in differs.get("missing", [])])
        for kind in order:
            yield Send(trade, kind, place, differs.get("wire", {}).get(kind, {}))
            place += 1


def _step(case: Case, step: Row, at: int) -> Iterator[Send | Row]:
    """A later round: papers as they stand, or other versions of them, or what the operator does."""
    kinds = step.get("send", [])
    trade = case.trades[step.get("trade", 0)]
    if any(kind in step for kind in PAPERS):
        trade = case.trades[step.get("trade", 0)] = copy.deepcopy(trade)
    for place, kind in enumerate([kinds] if isinstance(kinds, str) else kinds):
        if kind in step:
            head = trade.heads[kind]
            head["app_time"] += timedelta(minutes=step.get("minutes", 10 * at))
            head["guid"] = head["guid"][:9] + f"{at:04d}" + head["guid"][13:]
            differ(trade, kind, _with_numbers(step[kind], trade))
        yield Send(copy.deepcopy(trade), kind, place, step.get("wire", {}).get(kind, {}))
    if set(step) & {"deposit", "verified", "rate", "goods", "register", "rejudge"}:
        yield step


class Court:
    """An engine on a database of its own, before which cases are brought."""

    def __init__(self, database: Database, at: datetime = ARRIVAL) -> None:
        self.clock = FixedClock(at)
        self.engine = Engine(Settings(signatures=SignaturePolicy.IGNORE), database, self.clock)
        self.engine.seed_rates()
        for register, columns in ((Register.RATES, RATE_COLUMNS), (Register.GOODS, GOODS_COLUMNS)):
            self.enter(register, columns, _rows(f"{register}.csv"))
        self.sent: list[bytes] = []

    def hear(self, cases: Sequence[Case]) -> None:
        """File what the cases give, then send their papers round by round."""
        self.engine.load_filings(filings(cases))
        for at in range(max((len(case.rounds) for case in cases), default=0)):
            now = [(case, act) for case in cases if at < len(case.rounds) for act in case.rounds[at]]
            self.send([act for _, act in now if isinstance(act, Send)])
            self.engine.work_all()
            for case, act in now:
                if not isinstance(act, Send):
                    self.operate(case, act)
            self.engine.work_all()

    def send(self, papers: Sequence[Send]) -> None:
        """Post papers: what stands at one place of their cases travels together, a hundred to a message."""
        self.fill_in(papers)
        for place in sorted({paper.place for paper in papers}):
            for kind in PAPERS:
                mine = [paper for paper in papers if paper.place == place and paper.kind == kind]
                for paper in mine:
                    if kind == "waybill" and paper.trade.heads[kind]["order_no"] is None:
                        paper.trade.heads[kind]["order_no"] = "-"  # The strict writer wants one.
                        paper.wire |= {"orderNo": "-"}
                plain = [paper for paper in mine if not paper.wire]
                for start in range(0, len(plain), 100):
                    self.post(written(plain[start : start + 100], len(self.sent)))
                for paper in mine:
                    if paper.wire:
                        self.post(_rewired(written([paper], len(self.sent)), paper.wire))

    def fill_in(self, papers: Sequence[Send]) -> None:
        """Put the numbers that lists were given into the papers that name them."""
        for paper in papers:
            head = paper.trade.heads[paper.kind]
            wanted = [name for name, word in GIVEN.items() if head.get(name) == word]
            if wanted:
                with self.engine.transaction() as tx:
                    given = tx.one(
                        "select pre_no, list_no from clearings where order_no = %(no)s", no=head["order_no"]
                    )
                assert given is not None, f"{head['order_no']} was given no numbers"
                head |= {name: given[name] for name in wanted}

    def post(self, raw: bytes) -> None:
        """Hand one message in."""
        self.engine.admit(raw)
        self.sent.append(raw)

    def operate(self, case: Case, step: Row) -> None:
        """What the operator does: file, lodge a guarantee, enter a rate, have everything judged again."""
        if step.keys() & {"deposit", "verified", "register"}:
            given = {"enterprises": step.get("register", {})}
            given |= {name: step[name] for name in ("deposit", "verified") if name in step}
            self.engine.load_filings(
                filings([Case(case.name, case.said | {"given": given}, case.number, [], [])], "lodged later")
            )
        for register, name, columns in (
            (Register.RATES, "rate", RATE_COLUMNS),
            (Register.GOODS, "goods", GOODS_COLUMNS),
        ):
            if name in step:
                self.enter(register, columns, [dict.fromkeys(columns, "") | {"source": SOURCE} | step[name]])
        self.engine.rejudge()

    def enter(self, register: Register, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Have the operator enter rates or goods."""
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        with self.engine.transaction() as tx:
            at = self.clock.now()
            proposal = rates.propose(tx, register, text.getvalue().encode(), who="test", at=at)
            assert proposal.digest is not None, proposal.errors
            rates.apply(tx, proposal.digest, who="test", at=at)


def _rows(name: str) -> list[Row]:
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def written(papers: Sequence[Send], number: int) -> bytes:
    """One message of papers of one kind."""
    frames: dict[str, Any] = {}
    for position, paper in enumerate(papers):
        for table, frame in paper.trade.frames(paper.kind, number, position).items():
            frames[table] = frame if table not in frames else frames[table].vstack(frame)
    guid = f"{number:08X}-1111-4111-8111-111111111111"
    return write(MESSAGE_OF[papers[0].kind], frames, guid=guid, transfer=POST)


def _rewired(raw: bytes, wire: dict[str, str]) -> bytes:
    """A message with other texts in some elements, as no strict writer would write it; "-" leaves the element out.

    `currency` is the first element of that name, `currency (2)` the second.
    """
    text = raw.decode()
    for place, value in wire.items():
        element, _, number = place.partition(" ")
        found = list(re.finditer(rf"<ceb:{element}>.*?</ceb:{element}>", text))
        at = found[int(number.strip("()") or 1) - 1]
        new = "" if value == "-" else f"<ceb:{element}>{value}</ceb:{element}>"
        text = text[: at.start()] + new + text[at.end() :]
    return text.encode()


def filings(cases: Sequence[Case], reference: str | None = None) -> bytes:
    """Everything the cases have on file: the common enterprises, their own, verified buyers, deposits, yearly uses.

    Deposits of the cases are those their enterprises begin with, or a later one under a reference.
    """
    enterprises = {code: _enterprise(code, role, {}) for role, code in CODES.items()}
    deposits = [
        {"guarantor_code": CODES[role], "amount": RICH} for role in ("marketplace", "merchant", "carrier")
    ]
    persons, used = [], []
    for case in cases:
        given, codes = case.said.get("given", {}), case.codes
        for role, said in given.get("enterprises", {}).items():
            if said.get("filed", True):
                enterprises[codes[role]] = _enterprise(codes[role], role, said)
            if "deposit" in said:
                lodged = {"guarantor_code": codes[role], "amount": said["deposit"]}
                deposits.append(lodged | ({"reference": reference} if reference else {}))
        if given.get("verified"):
            name = given["verified"] if isinstance(given["verified"], str) else person_name(case.number)
            persons.append(
                {
                    "person_id": person_id(case.number),
                    "person_name": name,
                    "verified_on": SINCE,
                    "source": SOURCE,
                }
            )
        for year, amount in given.get("annual_used", {}).items():
            used.append({"person_id": person_id(case.number), "year": int(year), "amount": amount})
    whole = {
        "generated": True,
        "enterprises": list(enterprises.values()),
        "deposits": deposits,
        "verified_persons": persons,
        "annual_used": used,
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def _enterprise(code: str, role: str, said: Row) -> Row:
    row = {
        "enterprise_code": code,
        "name": f"示例{role}",
        "roles": list(said.get("roles", ROLES[role])),
        "realtime_payment_data": said.get("realtime_payment_data", role == "marketplace"),
        "since": str(said.get("since", SINCE)),
        "source": SOURCE,
    }
    return row | ({"until": str(said["until"])} if "until" in said else {})
