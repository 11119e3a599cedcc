"""What is gathered once all is quiet: the whole of the answers, the docket, the books, and the logs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.crash.run import Run
from tripoint.app import Engine
from tripoint.registers.ledger import desk as ledger
from tripoint.registers.ledger.records import Audit

Row = dict[str, Any]
Place = tuple[int, int]

PAGE = 1000


@dataclass(slots=True, kw_only=True)
class Evidence:
    """The platform as it stands after a run, told by itself."""

    run: Run
    messages: dict[int, Row]
    raws: dict[int, bytes]
    receipts: dict[str, list[Row]]
    everybody: list[Row]
    bodies: dict[int, bytes]
    clearings: dict[tuple[str, str], Row]
    decisions: list[Row]
    tax_bills: list[Row]
    uses: list[Row]
    allowances: list[Row]
    accounts: dict[str, Row]
    transfers: list[Row]
    returns: list[Row]
    audit: Audit
    faults_logged: list[str]

    def by_paper(self) -> dict[Place, list[Row]]:
        """The receipts of each paper, in order."""
        found: dict[Place, list[Row]] = {}
        for row in self.everybody:
            found.setdefault((row["message_id"], row["position"]), []).append(row)
        return found


def gather(run: Run) -> Evidence:
    """Ask everything that is to be judged."""
    with httpx.Client(base_url=run.installation.url, timeout=60, trust_env=False) as http:
        asked = _Asked(http, run.keys)
        messages = asked.messages()
        raws = {number: asked.raw(number) for number in run.senders.heard.acknowledged.values()}
        receipts = {code: asked.receipts(code) for code in run.readers.receipts}
        everybody = asked.receipts("")
        bodies = {number: asked.body(number) for number in run.readers.bodies}
    with run.installation.operator() as engine:
        return Evidence(
            run=run,
            messages=messages,
            raws=raws,
            receipts=receipts,
            everybody=everybody,
            bodies=bodies,
            faults_logged=_faults(run),
            **_books(engine),
        )


class _Asked:
    """Questions over HTTP, by key."""

    def __init__(self, http: httpx.Client, keys: dict[str, str]) -> None:
        self._http, self._keys = http, keys

    def _get(self, path: str, code: str = "", **params: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._keys[code]}"}
        answer = self._http.get(path, params=params, headers=headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer

    def messages(self) -> dict[int, Row]:
        """Every message there is, by number."""
        found: dict[int, Row] = {}
        before: int | None = None
        while True:
            said = self._get("/v1/messages", limit=PAGE, **({"before": before} if before else {})).json()
            found |= {row["message_id"]: row for row in said["items"]}
            before = said["next_before"]
            if before is None:
                return found

    def raw(self, number: int) -> bytes:
        """The bytes of one message."""
        return self._get(f"/v1/messages/{number}/raw").content

    def body(self, number: int) -> bytes:
        """One outgoing message."""
        return self._get(f"/v1/outbox/{number}").content

    def receipts(self, code: str) -> list[Row]:
        """Every receipt of an enterprise, or of all, from the first on."""
        rows: list[Row] = []
        while True:
            after = rows[-1]["receipt_id"] if rows else 0
            said = self._get("/v1/receipts", code, after=after, limit=PAGE).json()
            rows += said["items"]
            if not said["more"]:
                return rows


def _books(engine: Engine) -> dict[str, Any]:
    """The docket and the books, row by row."""
    with engine.transaction() as tx:
        clearings = tx.rows("select * from clearings")
        return {
            "clearings": {(row["order_no"], row["marketplace_code"]): row for row in clearings},
            "decisions": tx.rows("select * from decisions order by batch"),
            "tax_bills": tx.rows("select * from tax_bills"),
            "uses": tx.rows("select * from allowance_uses"),
            "allowances": tx.rows("select * from allowances"),
            "accounts": {row["account"]: row for row in tx.rows("select * from accounts")},
            "transfers": tx.rows("select * from transfers order by transfer_id"),
            "returns": tx.rows("select * from returns"),
            "audit": ledger.check(tx),
        }


def _faults(run: Run) -> list[str]:
    """What the processes logged as a fault of ours: not a refusal, not a warning."""
    found = []
    for path in sorted(run.installation.logs.iterdir()):
        for line in path.read_text(errors="replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                if line.startswith("Traceback"):
                    found.append(f"{path.name}: {line}")
                continue
            if isinstance(said, dict) and said.get("level") in ("error", "critical"):
                found.append(f"{path.name}: {_brief(said)}")
    return found


def _brief(said: Row) -> str:
    """A logged fault in a line: what it was and where it arose."""
    trace = said.get("exception")
    if isinstance(trace, list) and trace:
        last = trace[0]
        frames = [f"{f['filename'].rpartition('/')[2]}:{f['lineno']}" for f in last.get("frames", [])[-4:]]
        return f"{said.get('event')} {last.get('exc_type')}: {str(last.get('exc_value'))[:200]} at {' < '.join(reversed(frames))}"
    return json.dumps(said, ensure_ascii=False)[:400]
