"""`tripoint access`: API keys made, shown and taken back; a key's text is told once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.paging import Most, following, refuse_size, tell_end
from tripoint.faces.cli.speaking import Talk, Voice
from tripoint.faces.cli.words import moment
from tripoint.kernel.text import Text

if TYPE_CHECKING:
    from tripoint.registers.access.records import ApiKey

DAYS_MOST = 36500

app = parser("access")


@app.command(help="Make a key; its text is printed this once and kept nowhere. 签发密钥。")
def create(
    *,
    name: Annotated[str, Parameter(help="What it is for. 名称。")],
    enterprise: Annotated[
        str | None, Parameter(help="Whose key; without it, it is the operator's. 企业代码。")
    ] = None,
    scope: Annotated[
        list[Literal["send", "read", "operator", "officer", "admin"]] | None,
        Parameter(help="What it allows (default send and read, or operator). 权限。"),
    ] = None,
    days: Annotated[int | None, Parameter(help="How long it holds; else until revoked. 有效天数。")] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Make a key."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.registers.access import desk
    from tripoint.registers.access.records import Scope
    from tripoint.registers.filings import desk as filings

    if days is not None and not 1 <= days <= DAYS_MOST:
        raise Malformed("DAYS", f"有效天数须在 1 至 {DAYS_MOST} 之间", f"days must be from 1 to {DAYS_MOST}")
    talk = Talk(voice)
    scopes = {Scope(one) for one in scope or (["send", "read"] if enterprise else ["operator"])}
    with engine(place, talk) as opened, opened.transaction() as tx:
        if enterprise is not None:
            filings.enterprise(tx, enterprise)
        now = opened.clock.now()
        ends = None if days is None else now + timedelta(days=days)
        issued = desk.create_key(tx, enterprise, name, scopes, now=now, expires_at=ends)
    key = issued.key
    talk.data(
        {
            "key": issued.text,
            "key_id": key.key_id,
            "enterprise_code": key.enterprise_code,
            "scopes": sorted(key.scopes),
            "expires_at": key.expires_at,
        }
    )
    if not talk.voice.json:
        print(issued.text)
    talk.note(
        f"密钥编号 {key.key_id}；以上文字只显示这一次，请妥善保存",
        f"key number {key.key_id}; the text above is shown this once: keep it safe",
    )


@app.command(name="list", help="Show keys, without their text. 查询密钥。")
def list_(
    *,
    enterprise: Annotated[str | None, Parameter(help="Only this enterprise's. 企业代码。")] = None,
    after: Annotated[str, Parameter(help="Number of the last key seen. 游标。")] = "",
    most: Most = 50,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Show keys."""
    from tripoint.registers.access import desk

    refuse_size(most)
    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        found = desk.keys(tx, enterprise, after=after, limit=most)
        now = opened.clock.now()
    said = [
        {
            "key_id": key.key_id,
            "enterprise_code": key.enterprise_code,
            "name": key.name,
            "scopes": sorted(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "last_used_at": key.last_used_at,
        }
        for key in found
    ]
    more = following(found, most, lambda key: key.key_id)
    talk.data({"keys": said, "next": more})
    heads = (
        Text("编号", "number"),
        Text("企业", "enterprise"),
        Text("名称", "name"),
        Text("权限", "scopes"),
        Text("状态", "state"),
        Text("签发（北京时间）", "made (China)"),
        Text("到期", "ends"),
        Text("最近使用", "last used"),
    )
    rows = [
        (
            key.key_id,
            key.enterprise_code,
            key.name,
            ", ".join(sorted(key.scopes)),
            talk.pick(_state(key, now)),
            moment(key.created_at),
            moment(key.expires_at),
            moment(key.last_used_at),
        )
        for key in found
    ]
    talk.table(Text("密钥", "keys"), heads, rows)
    tell_end(talk, len(found), more, Text("没有符合条件的密钥", "no such keys"))


def _state(key: ApiKey, now: datetime) -> Text:
    """Whether a key opens anything still, and if not, since when."""
    if key.revoked_at is not None:
        return Text(f"已收回 {moment(key.revoked_at)}", f"revoked {moment(key.revoked_at)}")
    if key.expires_at is not None and key.expires_at <= now:
        return Text("已过期", "expired")
    return Text("有效", "valid")


@app.command(help="Take a key back for good. 收回密钥。")
def revoke(
    key_id: Annotated[str, Parameter(help="The number of the key. 密钥编号。")],
    *,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Take a key back."""
    from tripoint.registers.access import desk

    talk = Talk(voice)
    with engine(place, talk) as opened, opened.transaction() as tx:
        key = desk.revoke_key(tx, key_id, at=opened.clock.now())
        webhooks = desk.webhooks_of_key(tx, key_id)
    talk.data({"key_id": key.key_id, "revoked_at": key.revoked_at, "webhooks": webhooks})
    talk.say(f"密钥 {key.key_id} 已收回", f"key {key.key_id} is revoked")
    if webhooks:
        numbers = ", ".join(map(str, webhooks))
        talk.note(
            f"该密钥登记的回调地址仍在使用：{numbers}；不应继续时以 PATCH /v1/webhooks/<编号> 停用",
            f"webhooks that it registered go on: {numbers}; "
            "where they should not, switch them off by PATCH /v1/webhooks/<number>",
        )


@app.command(help="Make a link that opens the console once, within ten minutes. 控制台登录链接。")
def console(
    *,
    host: Annotated[str, Parameter(help="Where it is served (default 127.0.0.1). 地址。")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Its port (default 8080). 端口。")] = 8080,
    voice: Voice | None = None,
    place: Place | None = None,
) -> None:
    """Make a link to the console."""
    from tripoint.faces.cli.serving import refuse_port

    refuse_port(port, first=1)
    talk = Talk(voice)
    with engine(place, talk) as opened:
        link = f"http://{host}:{port}/login?key={opened.console_key()}"
    talk.data({"link": link})
    if not talk.voice.json:
        print(link)
