"""`tripoint sign`: a message in canonical form with its enveloped signature, as the e-port's clients write it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import pems, writing
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice

if TYPE_CHECKING:
    from lxml import etree

app = parser("sign")


@app.default
def sign(
    file: Annotated[
        Path, Parameter(allow_leading_hyphen=True, help="The message; `-` reads standard input. 报文。")
    ],
    *,
    key: Annotated[Path, Parameter(help="PEM file with the private key. 私钥文件。")],
    cert: Annotated[
        Path | None, Parameter(help="PEM file with the certificate; else it is in the key's file. 证书文件。")
    ] = None,
    algorithm: Annotated[
        Literal["rsa-sha1", "rsa-sha256", "sm2-sm3"] | None,
        Parameter(help="Else rsa-sha1 or sm2-sm3, as the key is. 签名算法。"),
    ] = None,
    password_file: Annotated[
        Path | None, Parameter(help="File with the password of the key. 私钥口令文件。")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Where the signed message goes; else standard output. 输出文件。")
    ] = None,
    voice: Voice | None = None,
) -> None:
    """Sign a message."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.messages.signatures import signing
    from tripoint.messages.signatures.algorithms import SignatureAlgorithm

    talk = Talk(voice)
    if talk.voice.json and out is None:
        raise Malformed(
            "OUT",
            "--json 的输出不含报文；请用 --out 指定加签后的报文写到何处",
            "what --json prints does not hold the message; say with --out where the signed message goes",
        )
    secret = pems.private_key(key, password_file)
    certificate = pems.certificates(cert or key)[0]
    chosen = algorithm or ("sm2-sm3" if secret.kind == "sm2" else "rsa-sha1")
    raw = sys.stdin.buffer.read() if str(file) == "-" else pems.read(file)
    signed = signing.sign(_tree(raw), secret, certificate, SignatureAlgorithm(chosen))
    if out is None:
        sys.stdout.buffer.write(signed)
        return
    with writing.into(out):
        writing.put(out.parent, out.name, signed)
    talk.data(
        {
            "file": str(file),
            "out": str(out),
            "algorithm": chosen,
            "fingerprint": certificate.fingerprint,
            "bytes": len(signed),
        }
    )
    talk.say(f"已加签（{chosen}），写入 {out}", f"signed ({chosen}) and written to {out}")


def _tree(raw: bytes) -> etree._Element:
    """The message as whoever receives it reads it, so that nothing is signed which is refused there; raises Malformed."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.messages.ceb import octets
    from tripoint.messages.ceb.findings import Unreadable

    try:
        return octets.tree(octets.admit(raw))
    except Unreadable as fault:
        text, repair = fault.text, fault.repair
        raise Malformed(fault.code, f"{text.zh}；{repair.zh}", f"{text.en}; {repair.en}") from fault
