"""`tripoint verify`: whether messages are signed by a certificate that is given, or by one the register holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tripoint.faces.cli import exits, pems
from tripoint.faces.cli.collecting import Unread, collect, none_found, readable
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice

if TYPE_CHECKING:
    from tripoint.messages.signatures.certificates import TrustedCertificates

app = parser("verify")


@app.default
def verify(
    *files: Annotated[Path, Parameter(help="Messages, or folders of them. 报文文件或文件夹。")],
    cert: Annotated[
        list[Path] | None,
        Parameter(help="Files with certificates to trust; else those of the register. 信任的证书文件。"),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Verify signatures; 1 where one does not hold or is not there."""
    from tripoint.kernel.refusals import Malformed

    talk = Talk(voice)
    if not files:
        raise Malformed("PATHS", "请指定文件或文件夹", "name at least one file or folder")
    trusted = _given(cert) if cert else _filed(place, talk)
    unread: list[Unread] = []
    found = collect(files)
    none_found(found, files, talk)
    answers = [_verify(path, raw, trusted, talk) for path, raw in readable(found, unread)]
    for one in unread:
        talk.warn(f"{one.file}：{one.text.zh}", one.text.en)
    talk.data({"files": answers, "unread": unread})
    return exits.OK if not unread and all(answer["state"] == "valid" for answer in answers) else exits.FOUND


def _given(paths: Sequence[Path]) -> TrustedCertificates:
    """The certificates of files, each named by its subject, valid as long as it says itself."""
    from tripoint.messages.signatures.certificates import TrustedCertificate, TrustedCertificates

    found = {one.fingerprint: one for path in paths for one in pems.certificates(path)}
    return TrustedCertificates(
        TrustedCertificate(
            certificate=one, enterprise_code=one.subject, valid_from=one.not_before, valid_to=one.not_after
        )
        for one in found.values()
    )


def _filed(place: Place | None, talk: Talk) -> TrustedCertificates:
    with engine(place, talk) as opened, opened.transaction() as tx:
        return opened.bench(tx).trusted


def _verify(path: Path, raw: bytes, trusted: TrustedCertificates, talk: Talk) -> dict[str, Any]:
    from tripoint.messages.ceb.parsing import Unreadable, parse
    from tripoint.messages.signatures.verifying import check_signature

    answer: dict[str, Any] = {"file": str(path)}
    try:
        parsed = parse(raw)
    except Unreadable as unreadable:
        talk.warn(f"{path}：{unreadable.text.zh}", unreadable.text.en)
        return answer | {"state": "unreadable", "reason": unreadable.code, "text": unreadable.text}
    verdict = check_signature(parsed.root, trusted, datetime.now(UTC))
    style = "green" if verdict.state == "valid" else "red"
    signer = f" {verdict.enterprise_code}" if verdict.enterprise_code else ""
    talk.say(f"{path}：{verdict.text.zh}{signer}", f"{path}: {verdict.text.en}{signer}", style=style)
    return answer | {
        "state": str(verdict.state),
        "reason": None if verdict.reason is None else str(verdict.reason),
        "text": verdict.text,
        "algorithm": None if verdict.algorithm is None else str(verdict.algorithm),
        "key_name": verdict.key_name,
        "fingerprint": verdict.fingerprint,
        "signer": verdict.enterprise_code,
    }
