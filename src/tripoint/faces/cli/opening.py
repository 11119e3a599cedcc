"""Opening the installation: settings of the environment, the database started or joined, and seeded where it is new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tripoint.faces.cli.speaking import Talk

if TYPE_CHECKING:
    from tripoint.app import Engine
    from tripoint.settings import Settings


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The option of every command that needs an installation: where its data is."""

    data: Annotated[
        Path | None, Parameter(help="Data folder, instead of TRIPOINT_DATA_DIR or ~/.tripoint. 数据文件夹。")
    ] = None


def settings(place: Place | None, signatures: str | None = None) -> Settings:
    """The settings in force here; what the command line says comes first."""
    from tripoint.platforms.clearance.records import SignaturePolicy
    from tripoint.settings import Settings

    environment = dict(os.environ)
    if place is not None and place.data is not None:
        environment["TRIPOINT_DATA_DIR"] = str(place.data)
    found = Settings.load(environment)
    return replace(found, signatures=SignaturePolicy(signatures)) if signatures else found


@contextmanager
def engine(
    place: Place | None, talk: Talk, *, signatures: str | None = None, seeded: bool = True
) -> Iterator[Engine]:
    """The installation, open; the rates and goods that are shipped are loaded where the registers are empty."""
    chosen = settings(place, signatures)
    if chosen.database_url is None and not (chosen.data_dir / "postgres").exists():
        talk.note(
            f"首次使用：在 {chosen.data_dir} 建立数据库 …",
            f"first use: making a database in {chosen.data_dir} …",
        )
    with reached(chosen) as opened:
        if seeded:
            seed(opened, talk)
        yield opened


def reached(chosen: Settings, *, as_it_is: bool = False) -> Engine:
    """The engine over the database chosen; where one named by URL does not answer, the Busy raised says which."""
    from tripoint.app import Engine
    from tripoint.kernel.refusals import Busy
    from tripoint.settings import database_named

    try:
        return Engine.open(chosen, as_it_is=as_it_is)
    except Busy as busy:
        if chosen.database_url is None:
            raise
        named = database_named(chosen)
        raise Busy(
            busy.code,
            f"{busy.text.zh}数据库由 TRIPOINT_DATABASE_URL（database_url）指定：{named}",
            f"{busy.text.en} It is named by TRIPOINT_DATABASE_URL (database_url): {named}",
            busy.retry_after_seconds,
        ) from busy


def seed(opened: Engine, talk: Talk) -> None:
    """Load the shipped rates and goods into registers that hold nothing, and say so."""
    rows = opened.seed_rates()
    if rows:
        talk.note(
            f"税率与商品登记簿为空，已载入随附数据 {rows} 行（每行注明来源）",
            f"the registers of rates and goods were empty: loaded the {rows} rows that are shipped, each with its source",
        )
