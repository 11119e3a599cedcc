"""What an installation chooses: settings from the environment and from `tripoint.toml` in its data folder."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tripoint.kernel.findings import Severity
from tripoint.kernel.refusals import Malformed
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.regimes.findings import load_findings

NEVER_LIFTED = frozenset(
    {"GOODS-01", "LIMIT-01", "LIMIT-02", "LIMIT-03", "GUARANTEE-01", "GUARANTEE-02", "MODE-01"}
)
"""Findings no setting can turn into a note: without a rate, an allowance or a guarantee nothing can be released."""

COUNTS = ("backlog_messages", "backlog_bytes", "disk_floor_bytes")
"""Settings that are whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation chooses; each setting has an environment name and a place in `tripoint.toml`."""

    data_dir: Path = field(default_factory=lambda: Path.home() / ".tripoint")
    database_url: str | None = None
    pg_bindir: Path | None = None
    wal_archive: Path | None = None
    signatures: SignaturePolicy = SignaturePolicy.REQUIRE
    severity: Mapping[str, Severity] = field(default_factory=dict)
    webhook_private: bool = False
    webhook_xml: bool = False
    fast_lane: bool = True
    signing_key: Path | None = None
    signing_certificate: Path | None = None
    backlog_messages: int = 1_000_000
    backlog_bytes: int = 20 * 1024**3
    disk_floor_bytes: int = 1024**3

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings from `TRIPOINT_…` and `tripoint.toml` in the data folder, the environment first; raises Malformed."""
        env = os.environ if environment is None else environment
        data_dir = Path(env.get("TRIPOINT_DATA_DIR") or Path.home() / ".tripoint").expanduser().absolute()
        said = _file(data_dir / "tripoint.toml")
        _refuse_unknown(env, said)
        database_url = _text("database_url", env, said)
        return cls(
            data_dir=data_dir,
            database_url=database_url,
            pg_bindir=_path("pg_bindir", env, said, data_dir),
            wal_archive=_archive(_path("wal_archive", env, said, data_dir), database_url),
            signatures=_policy(_text("signatures", env, said) or "require"),
            severity=_severities(said.get("severity", {})),
            webhook_private=_flag("webhook_private", env, said),
            webhook_xml=_flag("webhook_xml", env, said),
            fast_lane=_flag("fast_lane", env, said, unsaid=True),
            signing_key=_path("signing_key", env, said, data_dir),
            signing_certificate=_path("signing_certificate", env, said, data_dir),
            **{name: _count(name, env, said) for name in COUNTS},
        )


def database_named(settings: Settings) -> str:
    """Where the database of the URL is, as host, port and name, without user or password; empty where none is named."""
    from psycopg.conninfo import conninfo_to_dict

    said = conninfo_to_dict(settings.database_url or "")
    return " ".join(
        f"{part}={said[part]}" for part in ("host", "hostaddr", "port", "dbname") if said.get(part)
    )


def _file(file: Path) -> dict[str, Any]:
    """What a `tripoint.toml` says, nothing where there is none; raises Malformed where it cannot be read as one."""
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        zh, en = f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        zh, en = "不是 UTF-8 编码，请另存为 UTF-8", "is not UTF-8; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        zh = en = f"{error}"
    raise Malformed("SETTINGS", f"配置文件 tripoint.toml 有误：{zh}", f"tripoint.toml: {en}")


def _refuse_unknown(env: Mapping[str, str], said: Mapping[str, Any]) -> None:
    """Raises Malformed for a name that nothing reads: a slip would leave the setting as it was, in silence."""
    for name in said:
        if name not in _IN_FILE:
            near = _nearest(name.lower(), _IN_FILE)
            raise Malformed(
                "SETTINGS",
                f"tripoint.toml 中的 {name} 不是设置；最接近的是 {near}",
                f"tripoint.toml: {name} is no setting; the nearest is {near}",
            )
    for name, value in env.items():
        if name.startswith("TRIPOINT_") and value and name not in _READ and not _FROM_OUTSIDE.fullmatch(name):
            near = _nearest(name, _READ)
            raise Malformed(
                "SETTINGS",
                f"环境变量 {name} 不是设置；最接近的是 {near}",
                f"{name} in the environment is no setting; the nearest is {near}",
            )


def _nearest(name: str, known: Sequence[str]) -> str:
    return get_close_matches(name, known, n=1, cutoff=0)[0]


def _text(name: str, env: Mapping[str, str], said: Mapping[str, Any]) -> str | None:
    """A setting that is text; None where nothing is said."""
    value = env.get(f"TRIPOINT_{name.upper()}") or said.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed("SETTINGS", f"{name} 须为文本", f"{name} is text, not {value!r}")
    return value or None


def _path(name: str, env: Mapping[str, str], said: Mapping[str, Any], data_dir: Path) -> Path | None:
    """A setting that names a file or folder, a relative one from the data folder; None where nothing is said."""
    text = _text(name, env, said)
    return data_dir / Path(text).expanduser() if text else None


_UNSAID = {one.name: one.default for one in fields(Settings) if one.name in COUNTS}
_IN_FILE = tuple(one.name for one in fields(Settings) if one.name != "data_dir")
_READ = (
    *(f"TRIPOINT_{one.name.upper()}" for one in fields(Settings) if one.name != "severity"),
    "TRIPOINT_DEBUG",
)
_FROM_OUTSIDE = re.compile(
    r"TRIPOINT_TEST_\w+"  # the tests' own
    r"|TRIPOINT(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_\w+)?)?)"
)
"""Names that are not ours to judge: Kubernetes tells each container of a service called tripoint by the second kind."""


def _flag(name: str, env: Mapping[str, str], said: Mapping[str, Any], *, unsaid: bool = False) -> bool:
    """A setting that is on or off: 1 or 0 in the environment, true or false in the file."""
    value = env.get(f"TRIPOINT_{name.upper()}") or said.get(name, unsaid)
    if value not in (True, False, "1", "0"):
        raise Malformed("SETTINGS", f"{name} 只能是 1 或 0", f"{name} is 1 or 0, not {value!r}")
    return value in (True, "1")


def _archive(folder: Path | None, database_url: str | None) -> Path | None:
    if folder and database_url:
        raise Malformed(
            "SETTINGS",
            "wal_archive 只用于嵌入式数据库；自备数据库请自行设置归档",
            "wal_archive is for the embedded database; a database of your own archives as you set it up",
        )
    return folder


def _count(name: str, env: Mapping[str, str], said: Mapping[str, Any]) -> int:
    """A setting that is a whole number, 1 or more."""
    value = env.get(f"TRIPOINT_{name.upper()}") or said.get(name, _UNSAID[name])
    if isinstance(value, bool) or not str(value).isdigit() or int(value) < 1:
        raise Malformed(
            "SETTINGS", f"{name} 须为正整数", f"{name} is a whole number, 1 or more, not {value!r}"
        )
    return int(value)


def _policy(text: str) -> SignaturePolicy:
    if text not in set(SignaturePolicy):
        choices = ", ".join(SignaturePolicy)
        raise Malformed(
            "SETTINGS", f"signatures 只能是 {choices}", f"signatures is one of {choices}, not {text!r}"
        )
    return SignaturePolicy(text)


def _severities(table: object) -> dict[str, Severity]:
    known = load_findings()
    if not isinstance(table, dict):
        raise Malformed("SETTINGS", "severity 须为一节：[severity]", "severity is a section: [severity]")
    for code, word in table.items():
        if code not in known or word not in list(Severity):
            raise Malformed(
                "SETTINGS", f"severity 有误：{code}={word}", f"severity: no such thing as {code} = {word!r}"
            )
        if code in NEVER_LIFTED and Severity(word) not in (Severity.HOLD, Severity.REFUSE):
            raise Malformed(
                "SETTINGS",
                f"{code} 只能设为 hold 或 refuse：没有额度、担保或税率的清单不能放行",
                f"{code} is hold or refuse: nothing is released without its allowance, guarantee and rate",
            )
    return {code: Severity(word) for code, word in table.items()}
