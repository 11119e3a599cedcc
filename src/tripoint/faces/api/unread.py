"""Answers to what cannot be read as a request: problem documents in English, for nobody knows yet what the caller reads."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from tripoint.faces.api.problems import MEDIA_TYPE, TITLES, UNREAD


class Unreadable(Exception):
    """What comes is not read on; `answer` says why."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer)
        self.answer = answer


def _whole(status: int) -> bytes:
    """The whole answer of a status, which is the last of its connection."""
    code, text = UNREAD[status]
    problem: dict[str, Any] = {
        "type": f"urn:tripoint:problem:{code.lower()}",
        "title": TITLES[status].en,
        "status": status,
        "detail": text.en,
        "code": code,
        "texts": {"zh": text.zh, "en": text.en},
    }
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        f"content-language: en\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


MALFORMED = _whole(400)
TOO_SLOW = _whole(408)
TOO_LONG = _whole(431)
UNKNOWN_CODING = _whole(501)
