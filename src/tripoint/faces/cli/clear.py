"""`tripoint clear`: papers from files in, judged until nothing more can be decided, receipts as files out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tripoint.faces.cli import exits, writing
from tripoint.faces.cli.collecting import collect, none_found
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.opening import Place, engine
from tripoint.faces.cli.speaking import Talk, Voice

app = parser("clear")


@app.default
def clear(
    *paths: Annotated[
        Path, Parameter(help="XML files, or folders with XML files anywhere below. 文件或文件夹。")
    ],
    out: Annotated[
        Path | None, Parameter(help="Folder the receipts are written to, one file each message. 回执文件夹。")
    ] = None,
    signatures: Annotated[
        Literal["require", "record", "ignore"] | None,
        Parameter(help="What a missing or failing signature does; else as the settings say. 验签策略。"),
    ] = None,
    filings: Annotated[
        Path | None, Parameter(help="A filings.json loaded first, whatever it holds. 先载入的备案文件。")
    ] = None,
    truth: Annotated[
        Path | None,
        Parameter(help="A truth.jsonl to compare with: differences are printed, exit code 1. 应有结果。"),
    ] = None,
    voice: Voice | None = None,
    place: Place | None = None,
) -> int:
    """Clear papers."""
    from tripoint.faces.cli.clearing import Clearing
    from tripoint.faces.cli.comparing import refuse_no_truth
    from tripoint.kernel.refusals import Malformed

    talk = Talk(voice)
    if not paths and filings is None and truth is None:
        raise Malformed("PATHS", "请指定文件或文件夹", "name at least one file or folder")
    files = collect(paths)
    if paths:
        none_found(files, paths, talk)
    if truth is not None:
        refuse_no_truth(truth)
    if out is not None:
        writing.make(out)
    with engine(place, talk, signatures=signatures) as opened:
        clearing = Clearing(opened, talk)
        clearing.load_filings(paths, filings)
        begun = time.perf_counter()
        clearing.admit(files)
        clearing.work()
        clearing.seconds = time.perf_counter() - begun
        if out is not None:
            clearing.write_receipts(out)
        if truth is not None:
            clearing.compare(truth)
        report = clearing.report()
    clearing.tell(report)
    return exits.FOUND if report.found else exits.OK
