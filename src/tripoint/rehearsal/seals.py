"""Anomalies of signatures: what is unsigned, altered, signed with a strange or expired certificate or by somebody else."""

from __future__ import annotations

from tripoint.rehearsal.anomaly import PAPER_NAMES, Anomaly, Change, Stage, paper_of
from tripoint.rehearsal.trades import Trade

UNSIGNED, ALTERED, UNFILED, EXPIRED = "unsigned", "altered", "unfiled", "expired"
_CODES = {UNSIGNED: "SIGN-01", ALTERED: "SIGN-02", UNFILED: "SIGN-03", EXPIRED: "SIGN-04"}


def seal(name: str, fault: str) -> Change:
    """The message of this paper gets a faulty signature."""

    def change(trade: Trade, stage: Stage) -> None:  # noqa: ARG001
        paper_of(trade, name).seal = fault

    return change


def sign_as_stranger(name: str) -> Change:
    """An enterprise without part in the trade sends and signs the paper."""

    def change(trade: Trade, stage: Stage) -> None:
        paper_of(trade, name).sender = stage.world.stranger.code

    return change


def transmit_as_stranger(name: str) -> Change:
    """The message names another transmitting enterprise than the one that signs."""

    def change(trade: Trade, stage: Stage) -> None:
        paper_of(trade, name).transfer = stage.world.stranger.code

    return change


def _of(name: str, kind: str, change: Change, code: str) -> Anomaly:
    is_list = name == "list"
    return Anomaly(
        name=f"{name}-{kind}",
        change=change,
        told=(code,) if is_list else (),
        told_of_papers=() if is_list else (code,),
        waits_for=() if is_list else (name,),
        is_taken=not is_list,
        needs_signatures=True,
    )


SEALS: tuple[Anomaly, ...] = tuple(
    anomaly
    for name in (*PAPER_NAMES, "list")
    for anomaly in (
        *(_of(name, fault, seal(name, fault), code) for fault, code in _CODES.items()),
        _of(name, "signed-by-a-stranger", sign_as_stranger(name), "SIGN-05"),
        _of(name, "transmitted-by-a-stranger", transmit_as_stranger(name), "SIGN-06"),
    )
)
"""Every fault of a signature, on every paper."""
