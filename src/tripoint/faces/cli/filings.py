"""`tripoint filings`: load a document of filings, look enterprises up, revoke certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tripoint.faces.cli import pems
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import Most, following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import ROLE_NAMES, named
from tripoint.kernel.text import Text

app = parser("filings")


@app.command(
    help="Load a filings.json, whole or not at all; lists that waited for it are judged again. 载入备案。"
)
def load(
    file: Annotated[Path, Parameter(help="The document (docs/guides/filings.md). 备案文件。")],
    *,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Load filings."""
    talk = Talk(voice)
    raw = pems.read(file)
    with engine(place, talk) as opened:
        loaded = opened.load_filings(raw)
    talk.data(loaded)
    names = {
        "enterprises": Text("企业", "enterprises"),
        "certificates": Text("证书", "certificates"),
        "entrustments": Text("委托", "entrustments"),
        "verified_persons": Text("已核实身份的个人", "verified persons"),
    }
    rows = []
    for name, text in names.items():
        tally = getattr(loaded.report, name)
        rows.append((talk.pick(text), len(tally.added), len(tally.changed), tally.unchanged))
    heads = (Text("备案", "filings"), Text("新增", "new"), Text("变更", "changed"), Text("不变", "unchanged"))
    talk.table(Text("已载入", "loaded"), heads, rows)
    talk.say(
        f"担保 {loaded.deposits} 笔，年度已用额 {loaded.annual_used} 条，重新判定后有变化的清单 "
        f"{sum(loaded.rejudged.states.values())} 份",
        f"{loaded.deposits} deposits, {loaded.annual_used} yearly uses; "
        f"{sum(loaded.rejudged.states.values())} lists changed when judged again",
    )


@app.command(name="list", help="Show filed enterprises, by code. 查询企业。")
def list_(
    text: Annotated[str, Parameter(help="Part of a code or name. 代码或名称的一部分。")] = "",
    *,
    role: Annotated[
        str | None,
        Parameter(help="Only this role: marketplace, merchant, payment_provider, carrier … 角色。"),
    ] = None,
    after: Annotated[str, Parameter(help="Code of the last enterprise seen. 游标。")] = "",
    most: Most = 50,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show enterprises."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.registers.filings import desk
    from tripoint.registers.filings.records import Role

    if role is not None and role not in set(Role):
        known = ", ".join(Role)
        raise Malformed(
            "ROLE", f"没有角色 {role}；现有 {known}", f"there is no role {role}; there are {known}"
        )
    refuse_size(most)
    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.search(tx, text, role=Role(role) if role else None, after=after, limit=most)
    more = following(found, most, lambda one: one.enterprise_code)
    talk.data({"enterprises": found, "next": more})
    rows = [
        (
            one.enterprise_code,
            one.name,
            ", ".join(talk.pick(named(ROLE_NAMES, role)) for role in sorted(one.roles)),
            one.since,
            one.until,
        )
        for one in found
    ]
    heads = (
        Text("代码", "code"),
        Text("名称", "name"),
        Text("角色", "roles"),
        Text("自", "since"),
        Text("至", "until"),
    )
    talk.table(Text("企业", "enterprises"), heads, rows)
    tell_end(talk, len(found), more, Text("没有符合条件的企业", "no such enterprises"))


@app.command(help="Revoke a certificate for good, by its fingerprint. 吊销证书。")
def revoke(
    fingerprint: Annotated[str, Parameter(help="SHA-256 of the certificate, hex. 证书指纹。")],
    *,
    reason: Annotated[str, Parameter(help="Why; it is kept. 原因。")],
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Revoke a certificate."""
    from tripoint.registers.filings import desk

    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.revoke_certificate(tx, fingerprint.lower(), at=opened.clock.now(), reason=reason)
    its = found.certificate
    talk.data(
        {
            "fingerprint": its.fingerprint,
            "enterprise_code": its.enterprise_code,
            "revoked_at": found.revoked_at,
            "reason": found.reason,
        }
    )
    talk.say(
        f"企业 {its.enterprise_code} 的证书 {its.fingerprint} 已吊销",
        f"certificate {its.fingerprint} of {its.enterprise_code} is revoked",
    )
