"""Receipts in compact blocks: some thousand receipts as columns, a handful as rows, and back (pure).

A row of PostgreSQL with its index entries costs twenty times what a receipt costs here (docs/internals/performance.md).
What a block holds tells its form: Zstandard by its magic number, and in it JSON by its bracket, else an Arrow stream.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import msgspec
import polars as pl

from tripoint.exchange import packing
from tripoint.pipeline.receipts import RECEIPTS

KEPT = {"receipt_id": pl.Int64(), "outbox_id": pl.Int64()} | RECEIPTS
"""A receipt as a block keeps it: numbered and packed."""

STORED = KEPT | {"return_time": pl.Datetime("us", "UTC")}
"""A receipt as it is read: with the moment of its block."""

FEW = 48
"""Receipts up to this number are kept as rows of JSON: Arrow's own description of 27 columns is longer than they are."""


def pack(receipts: pl.DataFrame) -> bytes:
    """Receipts (shape KEPT) as the content of a block; columns that say nothing are left out."""
    said = receipts.select_seq(column.name for column in receipts if column.null_count() < receipts.height)
    if receipts.height <= FEW:
        rows = [{name: value for name, value in row.items() if value is not None} for row in said.to_dicts()]
        return compress(msgspec.json.encode(rows))
    stream = io.BytesIO()
    said.write_ipc_stream(stream, compat_level=pl.CompatLevel.newest())
    return compress(stream.getbuffer())


def unpack(content: bytes, given_at: datetime) -> pl.DataFrame:
    """The receipts of a block (shape STORED), in its order."""
    raw = decompress(content)
    if raw[:1] == b"[":
        found = pl.DataFrame(msgspec.json.decode(raw, type=list[dict[str, Any]]), schema=KEPT, orient="row")
    else:
        found = pl.read_ipc_stream(io.BytesIO(raw))
    have = set(found.columns)
    return found.select_seq(
        *(pl.col(name) if name in have else pl.lit(None, dtype).alias(name) for name, dtype in KEPT.items()),
        pl.lit(given_at).dt.cast_time_unit("us").dt.convert_time_zone("UTC").alias("return_time"),
    )


def compress(raw: bytes | memoryview) -> bytes:
    """The bytes compressed."""
    return packing.pack(raw)


def decompress(kept: bytes) -> bytes:
    """What was compressed; bytes that are not are given back as they are."""
    return packing.unpack(packing.ZSTD if packing.is_packed(kept) else packing.PLAIN, kept)
