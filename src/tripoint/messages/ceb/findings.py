"""What is said about messages and fields that cannot be read: the texts behind the codes WIRE-nn and FIELD-nn.

The texts are data (`regimes/data/ceb/findings.toml`): what the specification wants is law like any other.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tripoint.kernel.findings import Severity
from tripoint.kernel.text import Text

_SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Wording:
    """What one code says and how to mend it; braces stand for path, value and limit."""

    code: str
    severity: Severity
    text: Text
    repair: Text
    source: str

    def say(self, *, path: str = "", value: str = "", limit: str = "") -> Text:
        """The sentence in both languages with what it is about put in."""
        return _filled(self.text, path, value, limit)

    def mend(self, *, path: str = "", value: str = "", limit: str = "") -> Text:
        """How to mend it, in both languages."""
        return _filled(self.repair, path, value, limit)


def _filled(text: Text, path: str, value: str, limit: str) -> Text:
    shown = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
    words = {"path": path, "value": shown, "limit": limit}
    return Text(text.zh.format(**words), text.en.format(**words))


@cache
def wordings() -> dict[str, Wording]:
    """Every code of this dialect with its wording."""
    raw = (files("tripoint") / "regimes" / "data" / "ceb" / "findings.toml").read_text(encoding="utf-8")
    return {
        code: Wording(
            code=code,
            severity=Severity(row["severity"]),
            text=Text(row["zh"], row["en"]),
            repair=Text(row["repair"]["zh"], row["repair"]["en"]),
            source=row["source"],
        )
        for code, row in tomllib.loads(raw).items()
    }


class Unreadable(Exception):
    """A whole message that cannot be read; it is answered by a CEB900."""

    def __init__(self, code: str, *, path: str = "", value: str = "", limit: str = "") -> None:
        self.code = code
        self.path = path
        self.text = wordings()[code].say(path=path, value=value, limit=limit)
        self.repair = wordings()[code].mend(path=path, value=value, limit=limit)
        self.message_type = "Unknown"
        self.message_no: str | None = None
        super().__init__(f"{code}: {self.text.en}")

    @property
    def wire_type(self) -> str:
        """The type as a CEB900 names it: `CEB621Message`, or `Unknown`."""
        return self.message_type if self.message_type == "Unknown" else f"{self.message_type}Message"

    def about(self, *, message_type: str | None = None, message_no: str | None = None) -> Unreadable:
        """The same, knowing more of the message it is about."""
        if message_type is not None and self.message_type == "Unknown":
            self.message_type = message_type
        if message_no is not None and self.message_no is None:
            self.message_no = message_no
        return self
