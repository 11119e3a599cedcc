"""`tripoint keys`: a signing key with a certificate it signs itself, for partners of one's own and for trying out."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import pems
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice

SERIAL_BITS = 63
"""Short enough for the 16 digits KeyName has."""

NAME_MOST = 64
"""As X.509 has it, of a common name and of an organisation."""

app = parser("keys")


@app.command(
    name="new", help="Make a key and its certificate, in one PEM file of mode 0600. 生成密钥与证书。"
)
def new(
    *,
    out: Annotated[Path, Parameter(help="PEM file to write; never one that exists. 输出文件。")],
    kind: Annotated[Literal["rsa", "sm2"], Parameter(help="Kind of key (default rsa). 密钥类型。")] = "rsa",
    name: Annotated[str, Parameter(help="Common name of the certificate. 证书名称。")] = "tripoint",
    organisation: Annotated[str, Parameter(help="Organisation in the certificate. 单位名称。")] = "tripoint",
    days: Annotated[int, Parameter(help="How long the certificate holds (default 3650). 有效天数。")] = 3650,
    password_file: Annotated[
        Path | None, Parameter(help="File with a password to lock the key with. 私钥口令文件。")
    ] = None,
    voice: Voice | None = None,
) -> None:
    """Make a key pair."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.messages.signatures import keys

    if not 1 <= days <= 36500:
        raise Malformed("DAYS", "有效天数须在 1 至 36500 之间", "days must be from 1 to 36500")
    if not all(1 <= len(text.encode()) <= NAME_MOST for text in (name, organisation)):
        raise Malformed(
            "NAME",
            f"证书名称与单位名称须为 1 至 {NAME_MOST} 字节",
            f"the names in a certificate have 1 to {NAME_MOST} bytes",
        )
    talk = Talk(voice)
    now = datetime.now(UTC).replace(microsecond=0)
    key, certificate = keys.generate(
        kind, name, organisation, now, now + timedelta(days=days), secrets.randbits(SERIAL_BITS) + 1
    )
    secret = key.to_pem(pems.password(password_file))
    pems.write_secret(out, secret + pems.as_pem(certificate).encode())
    talk.data(
        {
            "file": str(out),
            "kind": kind,
            "fingerprint": certificate.fingerprint,
            "key_name": certificate.key_name,
            "subject": certificate.subject,
            "not_before": certificate.not_before,
            "not_after": certificate.not_after,
        }
    )
    talk.say(
        f"密钥与证书写入 {out}（只有所有者可读）；证书编号 {certificate.key_name}，指纹 {certificate.fingerprint}",
        f"key and certificate written to {out} (mode 0600); number {certificate.key_name}, "
        f"fingerprint {certificate.fingerprint}",
    )
