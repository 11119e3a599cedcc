"""The same papers on another way: shuffled, in other messages, each sent twice; what comes out must be the same."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tripoint.kernel.refusals import Conflict, Malformed
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.rehearsal import keys
from tripoint.rehearsal.packing import split
from tripoint.rehearsal.plan import Signed
from tripoint.rehearsal.posting import Written, cut, join, seal_message
from tripoint.rehearsal.trades import guid

SEALS_FILE = "seals.json"
"""Which files have a faulty signature, and which fault it is."""

_NAME = re.compile(r"[0-9]+_(CEB[0-9]{3})_([0-9A-Z]+)\.xml")
_SIGNATURE = re.compile(rb"<ds:Signature.*</ds:Signature>", re.DOTALL)
_DECLARATION = re.compile(rb"\A<\?xml[^>]*\?>\s*")


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """What the papers of one message have in common."""

    message_type: str
    sender: str
    seal: str
    start: bytes
    end: bytes


def repack(folder: Path, out: Path, seed: int = 1, per_message: int = 100, *, times: int = 2) -> int:
    """Write the papers of `folder` into `out`, each `times` over, with filings and truth; the number of messages.

    Messages are signed anew with the keys of `folder`. Raises Conflict where papers lie in `out` already.
    """
    target = out / "papers"
    if target.exists() and any(target.iterdir()):
        raise Conflict("REHEARSAL-OUT", f"{out} 中已有报文", f"there are papers in {out} already")
    target.mkdir(parents=True, exist_ok=True)
    rng = Random(f"repack {seed}")
    signers = keys.load(folder / "keys")
    signed = _kind(signers)
    messages = _shuffled(_papers(folder), rng, per_message, times)
    faults = {}
    for number, (origin, papers) in enumerate(messages, start=1):
        name = f"{number:06d}_{origin.message_type}_{origin.sender}.xml"
        pieces = [Written(origin.start, paper, origin.end) for paper in papers]
        message = join(pieces, guid(rng))
        (target / name).write_bytes(seal_message(message, origin.sender, origin.seal, signers, signed))
        if origin.seal:
            faults[name] = origin.seal
    (out / SEALS_FILE).write_text(json.dumps(faults, indent=1) + "\n", encoding="utf-8")
    for name in ("filings.json", "truth.jsonl"):
        shutil.copyfile(folder / name, out / name)
    if signers:
        keys.save(signers, out / "keys")
    return len(messages)


def _kind(signers: dict[tuple[str, str], keys.Signer]) -> Signed:
    kinds = {signer.key.kind for signer in signers.values()}
    if not kinds:
        return Signed.NONE
    return Signed.SM2 if "sm2" in kinds else Signed.RSA


def _papers(folder: Path) -> dict[Origin, list[bytes]]:
    """Every paper of a folder, by what its message has in common with others."""
    seals = json.loads((folder / SEALS_FILE).read_text(encoding="utf-8"))
    found: dict[Origin, list[bytes]] = {}
    for path in sorted((folder / "papers").iterdir()):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise Malformed(
                "REHEARSAL-FILE", f"文件名无法识别：{path.name}", f"not a file of a rehearsal: {path.name}"
            )
        text = _DECLARATION.sub(b"", path.read_bytes())
        whole = cut(_SIGNATURE.sub(b"", text))
        # The start tags of one type differ in nothing but the guid, which is put in anew.
        start = join([Written(whole.start, b"", b"")], "0" * 36)
        origin = Origin(name[1], name[2], seals.get(path.name, ""), start, whole.end)
        node = MESSAGES[name[1]].paper.name.encode()
        papers = re.findall(rb"<ceb:" + node + rb">.*?</ceb:" + node + rb">", whole.papers, re.DOTALL)
        found.setdefault(origin, []).extend(papers)
    return found


def _shuffled(
    papers: dict[Origin, list[bytes]], rng: Random, most: int, times: int
) -> Sequence[tuple[Origin, list[bytes]]]:
    messages = []
    for origin in sorted(papers):
        for _ in range(times):
            members = list(papers[origin])
            rng.shuffle(members)
            messages += [(origin, some) for some in split(members, rng, most)]
    rng.shuffle(messages)
    return messages
