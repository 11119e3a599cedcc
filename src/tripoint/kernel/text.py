"""A sentence for people, in the two languages everything is said in, and which of them somebody likes better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in Chinese and in English."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        """The sentence in one language."""
        return self.zh if language == "zh" else self.en


def liked(accept: str) -> Language | None:
    """The language that an Accept-Language header likes best; None where it names neither."""
    best: dict[Language, tuple[int, int]] = {}
    for place, part in enumerate(accept.lower().split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        name = tag.split("-")[0].strip()
        for language in LANGUAGES:
            if name == language and language not in best and (its := weight(rest)):
                best[language] = (-its, place)
    return min(best, key=lambda name: best[name], default=None)


def weight(rest: str) -> int:
    """What follows the name in a header that weighs (`q=0.5`), in thousandths; 1000 for nothing, 0 for what is no weight."""
    key, _, value = rest.strip().partition("=")
    if not key:
        return 1000
    whole, _, part = value.strip().partition(".")
    if key.strip() != "q" or whole not in ("0", "1") or (part and not part.isdecimal()):
        return 0
    return min(1000, int(whole) * 1000 + int((part + "000")[:3]))
