"""The table of commands: the module that answers for each, and what it does in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from cyclopts import App


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module in this package, its line in the help, and an example that works."""

    module: str
    text: Text
    example: str


COMMANDS: dict[str, Command] = {
    "demo": Command(
        "demo",
        Text(
            "演示：建库、生成演练单证、通关、打开控制台",
            "show it all: made-up trade, cleared, and the console",
        ),
        "tripoint demo --trades 500 --once",
    ),
    "clear": Command(
        "clear",
        Text("通关：收取单证、判定、写出回执", "take papers in, judge them, write the receipts"),
        "tripoint clear rehearsal --truth rehearsal/truth.jsonl --out receipts",
    ),
    "watch": Command(
        "watch",
        Text("监视文件夹：报文入，回执出", "watch a folder: messages in, receipts out"),
        "tripoint watch in out --once",
    ),
    "validate": Command(
        "validate",
        Text("校验报文，逐项指出错误及更正办法", "say everything that is wrong with messages"),
        "tripoint validate papers/CEB621.xml",
    ),
    "explain": Command(
        "explain",
        Text(
            "解释一份清单：判定发现、税款逐行、全部经过",
            "explain a list: findings, tax line by line, its journal",
        ),
        "tripoint explain 01002024I000000001",
    ),
    "lists": Command(
        "lists",
        Text("查询清单", "show lists by state or finding"),
        "tripoint lists --state held",
    ),
    "receipts": Command(
        "receipts",
        Text("查询或写出回执", "show receipts, or write them as files"),
        "tripoint receipts --order 12345678 --out receipts",
    ),
    "messages": Command(
        "messages",
        Text("查询收到的报文", "show the messages that came in"),
        "tripoint messages --state unreadable",
    ),
    "rejudge": Command(
        "rejudge",
        Text("重新判定未决清单", "judge open lists again"),
        "tripoint rejudge --code GOODS-01",
    ),
    "returns": Command(
        "returns",
        Text("退货：查询、确认运抵", "returns: show them, confirm that goods are back"),
        "tripoint returns confirm 01002026I000000001 TH1 --on 2026-03-20",
    ),
    "generate": Command(
        "generate",
        Text("生成演练用单证及应有结果", "make up trade to rehearse with, and its truth"),
        "tripoint generate --trades 1000 --seed 7 --anomalies 0.1 --out rehearsal",
    ),
    "bench": Command(
        "bench",
        Text(
            "测速：经 HTTP 全程实测，逐一核对", "measure this machine end to end over HTTP, and check it all"
        ),
        "tripoint bench --trades 20000 --arrival mixed",
    ),
    "assess": Command(
        "assess",
        Text("按规则计税：JSON 行入，JSON 行出", "work out duty and tax: JSON lines in, JSON lines out"),
        "tripoint assess cases.jsonl",
    ),
    "sign": Command(
        "sign",
        Text("为报文加签", "sign a message"),
        "tripoint sign message.xml --key key.pem --cert key.pem --out signed.xml",
    ),
    "verify": Command(
        "verify",
        Text("验证报文签名", "verify the signatures of messages"),
        "tripoint verify signed.xml --cert certificate.pem",
    ),
    "keys": Command(
        "keys",
        Text("生成签名密钥与证书", "make a signing key and its certificate"),
        "tripoint keys new --kind sm2 --name 0001 --out key.pem",
    ),
    "filings": Command(
        "filings",
        Text("备案：载入、查询、吊销证书", "filings: load, show, revoke certificates"),
        "tripoint filings load filings.json",
    ),
    "rates": Command(
        "rates",
        Text("税率与商品清单：提案、确认、查询", "rates and goods allowed: propose, apply, show"),
        "tripoint rates propose rates.csv",
    ),
    "ledger": Command(
        "ledger",
        Text("担保账户：存入、退还、明细、核对", "guarantees: deposit, withdraw, statement, check"),
        "tripoint ledger deposit 0000310001 100000.00 --reference G-2024-1",
    ),
    "access": Command(
        "access",
        Text("接口密钥：签发、查询、收回", "API keys: create, list, revoke"),
        "tripoint access create --enterprise 0000310001 --name erp --scope send --scope read",
    ),
    "serve": Command(
        "serve",
        Text("启动接口与控制台", "serve the API and the console"),
        "tripoint serve --port 8080",
    ),
    "worker": Command(
        "worker",
        Text("启动后台处理进程", "run a worker of its own"),
        "tripoint worker",
    ),
    "backup": Command(
        "backup",
        Text("备份：不停机、校验、保留最近几份", "back the database up while it works, and verify it"),
        "tripoint backup --to /srv/backups/tripoint --keep 7",
    ),
    "restore": Command(
        "restore",
        Text("恢复：到新文件夹，可到某一时刻", "restore a backup into a new folder, also to a moment"),
        "tripoint restore --from /srv/backups/tripoint --data /srv/restored",
    ),
    "db": Command(
        "db",
        Text("数据库：启动、停止、状态、升级、控制台", "the database: start, stop, status, migrate, psql"),
        "tripoint db status",
    ),
    "version": Command(
        "version",
        Text("版本", "the version of tripoint and of what it stands on"),
        "tripoint version --json",
    ),
}
"""Every command, in the order the help shows them; modules are imported only when asked for."""


def parser(name: str) -> App:
    """The parser of a command, with its help from the table."""
    from cyclopts import App, Parameter

    command = COMMANDS[name]
    return App(
        name=f"tripoint {name}",
        help=f"{command.text.en[0].upper()}{command.text.en[1:]}.\n\n{command.text.zh}。\n\nExample 示例: {command.example}",
        version_flags=[],
        default_parameter=Parameter(negative="", show_default=False),
        help_format="plaintext",
    )
