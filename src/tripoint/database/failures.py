"""What a database error becomes: Busy when trying again may help, otherwise a fault that quotes no row."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tripoint.kernel.refusals import Busy, Malformed, Refusal

if TYPE_CHECKING:
    import psycopg

CONTENTION = "DATABASE-CONTENTION"
BROKEN_OFF = "DATABASE-BROKE-OFF"

_GONE = ("数据库连接已断开。", "The database has gone away.")
_OCCUPIED = (
    "数据库的连接都在使用中，或数据库不可达。",
    "Every connection is in use, or the database is out of reach.",
)
_STARTING = ("数据库正在启动或关闭。", "The database is starting up or shutting down.")
_CROWDED = ("数据库的连接已用尽。", "The database takes no more connections.")
_FULL = ("数据库的磁盘或内存已用尽。", "The database has run out of disk or memory.")
_BROKEN_OFF = ("数据库中断了该操作。", "The database has broken the work off.")
_CONTENTION = ("与同时进行的另一事务冲突。", "Another transaction at the same time stood in the way.")

_BUSY: dict[str, tuple[str, tuple[str, str], int]] = {
    "08": ("DATABASE-GONE", _GONE, 5),
    "pool": ("DATABASE-CROWDED", _OCCUPIED, 5),
    "25P03": (BROKEN_OFF, _BROKEN_OFF, 5),
    "25P04": (BROKEN_OFF, _BROKEN_OFF, 5),
    "57014": (BROKEN_OFF, _BROKEN_OFF, 5),
    "57P01": ("DATABASE-GONE", _GONE, 5),
    "57P02": ("DATABASE-GONE", _GONE, 5),
    "57P03": ("DATABASE-STARTING", _STARTING, 5),
    "57P04": ("DATABASE-GONE", _GONE, 5),
    "57P05": ("DATABASE-GONE", _GONE, 5),
    "53300": ("DATABASE-CROWDED", _CROWDED, 5),
    "53": ("DATABASE-FULL", _FULL, 60),
    "58030": ("DATABASE-FULL", _FULL, 60),
    "40": (CONTENTION, _CONTENTION, 1),
    "55P03": (CONTENTION, _CONTENTION, 1),
}
"""SQLSTATE or its class to the refusal's code, text and seconds to wait."""

_QUOTED = re.compile(r'"[^"]*"')


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn the driver's errors into refusals; others pass on without the details in which rows are quoted."""
    import psycopg
    import psycopg_pool

    try:
        yield
    except psycopg_pool.PoolTimeout as error:
        raise _busy("pool") from error
    except UnicodeEncodeError as error:
        raise _malformed_nul() from error
    except psycopg.Error as error:
        refusal = refusal_for(error)
        _without_rows(error)
        if refusal is not None:
            raise refusal from error
        raise


def refusal_for(error: psycopg.Error) -> Refusal | None:
    """The refusal an error stands for, or None when it is a fault of ours."""
    import psycopg

    state = error.sqlstate
    if state is None:
        if isinstance(error, psycopg.DataError) and "NUL" in str(error):
            return _malformed_nul()
        return (
            _busy(_state_of_connection(str(error))) if isinstance(error, psycopg.OperationalError) else None
        )
    if state == "22021":
        return _malformed_nul()
    key = state if state in _BUSY else state[:2]
    return _busy(key) if key in _BUSY else None


def _busy(key: str) -> Busy:
    code, (zh, en), seconds = _BUSY[key]
    return Busy(code, f"{zh}请稍后再试。", f"{en} Try again.", retry_after_seconds=seconds)


def _state_of_connection(said: str) -> str:
    """A connection that failed has no SQLSTATE; only its sentence tells why."""
    if "starting up" in said or "shutting down" in said or "recovery" in said:
        return "57P03"
    return "53300" if "too many" in said or "reserved for" in said else "08"


def _malformed_nul() -> Malformed:
    return Malformed(
        "TEXT-NUL",
        "文本含有字符 U+0000 或无效的编码，无法保存。请从报文中去掉它。",
        "A text holds the character U+0000 or an invalid encoding and cannot be kept. Remove it from the message.",
    )


def _without_rows(error: psycopg.Error) -> None:
    """Keep the first sentence; DETAIL and CONTEXT quote rows, and data errors (class 22) quote values."""
    first = error.diag.message_primary
    if first is not None:
        named = _QUOTED.sub('"…"', first) if (error.sqlstate or "").startswith("22") else first
        error.args = (f"{named} [{error.sqlstate}]",)
