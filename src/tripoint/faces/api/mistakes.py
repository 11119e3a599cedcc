"""What is wrong with a parameter or a field of a JSON body, and what would be right, in both languages.

The readers of both say it in English; each of their sentences is known here by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

_KINDS = {
    "int": "整数",
    "float": "数",
    "str": "文本",
    "bool": "true 或 false",
    "array": "数组",
    "object": "对象",
    "datetime": "日期时间",
    "null": "空值",
}

_FORMS = tuple(
    (re.compile(form, re.DOTALL), said)
    for form, said in (
        (r"Expected `(.+)` >= (\S+)", "应为不小于 {1} 的{0}"),
        (r"Expected `(.+)` <= (\S+)", "应为不大于 {1} 的{0}"),
        (r"Expected `(.+)` of length >= (\d+)", "{0}长度不得少于 {1}"),
        (r"Expected `(.+)` of length <= (\d+)", "{0}长度不得超过 {1}"),
        (r"Expected `(.+)` matching regex '(.+)'", "{0}须符合 {1}"),
        (r"Expected `datetime` with a timezone component", "日期时间须带时区，如 2030-01-01T00:00:00+08:00"),
        (r"Invalid RFC3339 encoded datetime", "不是日期时间，应如 2030-01-01T00:00:00+08:00"),
        (r"Expected `(.+)`, got `(.+)`", "应为{0}，而不是{1}"),
        (r"Invalid enum value '?(.*?)'?", "没有 {0} 这个值"),
        (r"Object missing required field `(.+)`", "缺少字段 {0}"),
        (r"Object contains unknown field `(.+)`", "没有字段 {0}"),
        (r"Input data was truncated", "JSON 不完整"),
        (r"JSON is malformed: (.*)", "JSON 有误：{0}"),
    )
)

NO_BODY = "a JSON body is needed / 须有 JSON 内容"


def told(message: str, choices: Iterable[str] = ()) -> str:
    """A reader's sentence in both languages, with the values there are where it names one that is none."""
    for form, said in _FORMS:
        if found := form.fullmatch(message):
            chinese = said.format(*map(_chinese, found.groups()))
            known = ", ".join(choices) if message.startswith("Invalid enum") else ""
            if known:
                return f"{message}; there are {known} / {chinese}；现有 {known}"
            return f"{message} / {chinese}"
    return message


def _chinese(word: str) -> str:
    """A kind of value in Chinese; whatever is none stays as it is."""
    parts = word.split(" | ")
    return "或".join(_KINDS[part] for part in parts) if set(parts) <= set(_KINDS) else word


def choices_of(kind: Any, path: str = "") -> list[str]:
    """The values that a parameter, or the field at a path of a body of this kind, may have; empty where they are not told."""
    name = re.split(r"[.\[]", path)[0]
    if name:
        return choices_of(get_type_hints(kind).get(name))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(one.value) for one in kind]
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    return [value for part in get_args(kind) for value in choices_of(part)]
