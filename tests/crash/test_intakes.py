"""Two servers over one database: the same bytes at the same moment are one message, whoever answers first."""

from __future__ import annotations

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from tests.faces.api.processes import address, environment, started
from tests.faces.api.serving import client, engine_over, key, post
from tripoint.database import Database

MESSAGES = 40
AT_ONCE = 6
"""Callers that post the same bytes at the same moment, half of them at each server."""


@pytest.mark.slow
def test_the_same_bytes_at_two_servers_at_once_are_one_message(
    fresh_database: Database, tmp_path: Path
) -> None:
    text = key(engine_over(fresh_database, tmp_path))
    env = environment(fresh_database, tmp_path)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(started("tripoint.faces.api", "--port", "0", "--no-worker", env=env))
            for _ in range(2)
        ]
        urls = [address(process) for process in running]
        callers = [stack.enter_context(client(urls[n % 2], text)) for n in range(AT_ONCE)]
        together = Barrier(AT_ONCE)

        def call(http: httpx.Client) -> list[tuple[int, int]]:
            told = []
            for n in range(MESSAGES):
                together.wait(60)
                answer = post(http, b"<the-same n='%d'/>" % n)
                told.append((answer.status_code, answer.json()["message_id"]))
            return told

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(zip(*pool.map(call, callers), strict=True))
    for told in answers:
        assert Counter(status for status, _ in told) == {202: 1, 200: AT_ONCE - 1}
        assert len({number for _, number in told}) == 1
    assert len({told[0][1] for told in answers}) == MESSAGES
