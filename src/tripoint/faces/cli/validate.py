"""`tripoint validate`: everything that is wrong with messages, where, and what mends it; nothing is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tripoint.faces.cli import exits
from tripoint.faces.cli.collecting import Unread, collect, none_found, readable
from tripoint.faces.cli.commands import parser
from tripoint.faces.cli.speaking import Talk, Voice, counted

if TYPE_CHECKING:
    from tripoint.messages.ceb.validating import ValidationFault, ValidationReport

app = parser("validate")


@app.default
def validate(
    *files: Annotated[Path, Parameter(help="Messages, or folders of them. 报文文件或文件夹。")],
    voice: Voice | None = None,
) -> int:
    """Validate messages; 1 where any has a fault."""
    from tripoint.kernel.refusals import Malformed
    from tripoint.messages.ceb import validating

    talk = Talk(voice)
    if not files:
        raise Malformed("PATHS", "请指定文件或文件夹", "name at least one file or folder")
    unread: list[Unread] = []
    answers: list[dict[str, Any]] = []
    found = collect(files)
    none_found(found, files, talk)
    for path, raw in readable(found, unread):
        report = validating.validate(raw)
        answers.append(_answer(path, report))
        _tell(path, report, talk)
    for one in unread:
        talk.warn(f"{one.file}：{one.text.zh}", one.text.en)
    faultless = all(answer["faultless"] for answer in answers)
    talk.data({"files": answers, "unread": unread})
    return exits.OK if faultless and not unread else exits.FOUND


def _answer(path: Path, report: ValidationReport) -> dict[str, Any]:
    return {
        "file": str(path),
        "message_type": report.message_type,
        "papers": report.papers,
        "readable": report.is_readable,
        "faultless": report.is_faultless,
        "faults": report.faults,
        "faults_in_all": report.faults_in_all,
    }


def _tell(path: Path, report: ValidationReport, talk: Talk) -> None:
    if report.is_faultless:
        talk.say(
            f"{path}：{report.message_type}，单证 {report.papers} 份，无误",
            f"{path}: {report.message_type}, {counted(report.papers, 'paper')}, no faults",
        )
        return
    talk.say(
        f"{path}：{report.message_type}，单证 {report.papers} 份，问题 {report.faults_in_all} 处",
        f"{path}: {report.message_type}, {counted(report.papers, 'paper')}, {counted(report.faults_in_all, 'fault')}",
        style="bold",
    )
    for fault in report.faults:
        talk.say_both(f"  {_where(fault)}", fault.text, fault.repair)
    more = report.faults_in_all - len(report.faults)
    if more:
        talk.say(f"  另有 {more} 处问题未列出", f"  {counted(more, 'more fault')} not listed")


def _where(fault: ValidationFault) -> str:
    """Code and place: the paper counted from 1, as people count."""
    paper = "" if fault.position is None else f" #{fault.position + 1}"
    line = "" if fault.line_no is None else f".{fault.line_no}"
    tolerated = " (可容忍 tolerated)" if fault.tolerated else ""
    path = f" {fault.path}" if fault.path else ""
    return f"{fault.code}{paper}{line}{path}{tolerated}"
