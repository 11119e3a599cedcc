"""Partners as they behave: they send until they are acknowledged, poll with a cursor, and act on what they are told."""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.crash.traffic import Letter

Row = dict[str, Any]
Key = tuple[str, bytes]

HASTE_SECONDS = 0.3
"""Partners of this suite wait at most so long before they try again, whatever Retry-After says."""

TIMEOUT = httpx.Timeout(40.0)


def key_of(letter: Letter) -> Key:
    """What makes a message the same message: who hands it in, and its bytes."""
    return letter.sender, hashlib.sha256(letter.raw).digest()


@dataclass(slots=True)
class Heard:
    """What partners were told: the number each message was acknowledged with, answers counted, and what must not be."""

    acknowledged: dict[Key, int] = field(default_factory=dict)
    letters: dict[Key, Letter] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Senders:
    """Threads that post what lies in the queue, each letter until it is acknowledged, some of them twice."""

    def __init__(self, url: str, keys: dict[str, str], seed: int, threads: int = 4) -> None:
        self.url, self.keys = url, keys
        self.heard = Heard()
        self.waiting: queue.Queue[Letter | None] = queue.Queue()
        self._rng = Random(f"senders {seed}")
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def put(self, *letters: Letter) -> None:
        """Have letters sent."""
        for letter in letters:
            self.waiting.put(letter)

    def idle(self) -> bool:
        """Whether everything has been acknowledged."""
        return self.waiting.unfinished_tasks == 0

    def stop(self) -> None:
        """End the threads once the queue is empty."""
        for _ in self._threads:
            self.waiting.put(None)
        for thread in self._threads:
            thread.join(60)

    def _run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=False) as http:
            while (letter := self.waiting.get()) is not None:
                self._send(http, letter)
                with self._lock:
                    again = self._rng.random() < 0.08
                if again:
                    self._send(http, letter)
                self.waiting.task_done()

    def _send(self, http: httpx.Client, letter: Letter) -> None:
        """Post until it is acknowledged, as `docs/guides/send-over-http.md` asks."""
        while True:
            try:
                answer = http.post(
                    "/v1/messages",
                    content=letter.raw,
                    headers={
                        "Content-Type": "application/xml",
                        "Authorization": f"Bearer {self.keys[letter.sender]}",
                    },
                )
            except httpx.TransportError:
                self._count("cut off")
                time.sleep(HASTE_SECONDS)
                continue
            self._count(str(answer.status_code))
            if answer.status_code in (200, 202):
                return self._note(letter, answer)
            if answer.status_code != 503 or not answer.headers.get("Retry-After", "").isdigit():
                return self._wrong(f"a message was answered with {answer.status_code}: {answer.text[:300]}")
            time.sleep(min(HASTE_SECONDS, float(answer.headers["Retry-After"])))

    def _note(self, letter: Letter, answer: httpx.Response) -> None:
        number, key = int(answer.json()["message_id"]), key_of(letter)
        with self._lock:
            known = self.heard.acknowledged.setdefault(key, number)
            self.heard.letters[key] = letter
        if known != number:
            self._wrong(f"the same bytes were acknowledged as {known} and as {number}")

    def _count(self, what: str) -> None:
        with self._lock:
            self.heard.answers[what] += 1

    def _wrong(self, what: str) -> None:
        with self._lock:
            self.heard.wrong.append(what)


class Readers:
    """One thread that polls the receipts of every enterprise in turn, each from its own cursor, and looks at bodies."""

    def __init__(self, url: str, keys: dict[str, str], seed: int, told: Callable[[Row], None]) -> None:
        self.url, self.keys, self.told = url, keys, told
        self.receipts: dict[str, list[Row]] = {code: [] for code in keys if code}
        self.bodies: dict[int, bytes] = {}
        self.wrong: list[str] = []
        self.rounds = 0
        self._rng = Random(f"readers {seed}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(60)

    def wait_for_rounds(self, count: int, seconds: float = 240) -> None:
        """Wait until so many more whole rounds have been polled."""
        wanted, end = self.rounds + count, time.monotonic() + seconds
        while self.rounds < wanted:
            assert time.monotonic() < end, "the pollers got nowhere"
            time.sleep(0.02)

    def _run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=False) as http:
            while not self._stop.is_set():
                for code in self.receipts:
                    self._poll(http, code)
                    self._stop.wait(0.01)
                self.rounds += 1

    def _poll(self, http: httpx.Client, code: str) -> None:
        rows = self.receipts[code]
        while not self._stop.is_set():
            last = rows[-1]["receipt_id"] if rows else 0
            page = self._get(http, code, "/v1/receipts", after=last, limit=500)
            if page is None:
                return
            said = page.json()
            for row in said["items"]:
                if row["receipt_id"] <= last:
                    self.wrong.append(f"receipt {row['receipt_id']} came after {last}")
                last = row["receipt_id"]
                rows.append(row)
                self.told(row)
            if said["items"]:
                self._look_at_a_body(http, code, self._rng.choice(said["items"])["outbox_id"])
            if not said["more"]:
                return

    def _look_at_a_body(self, http: httpx.Client, code: str, outbox_id: int) -> None:
        answer = self._get(http, code, f"/v1/outbox/{outbox_id}")
        if answer is not None and self.bodies.setdefault(outbox_id, answer.content) != answer.content:
            self.wrong.append(f"outgoing message {outbox_id} was given in other bytes")

    def _get(self, http: httpx.Client, code: str, path: str, **params: int) -> httpx.Response | None:
        """An answer of 200, or None where nobody answers just now."""
        try:
            answer = http.get(path, params=params, headers={"Authorization": f"Bearer {self.keys[code]}"})
        except httpx.TransportError:
            return None
        if answer.status_code == 200:
            return answer
        if answer.status_code != 503:
            self.wrong.append(f"GET {path} was answered with {answer.status_code}: {answer.text[:300]}")
        return None
