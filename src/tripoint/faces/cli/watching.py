"""The watched folder: a message is moved only when it is kept and worked on, a receipt counted only when it lies there.

A kill at any moment loses nothing and doubles nothing: the same bytes again are the same message, the same receipt has
the same file name, and the cursor of what has been written is itself written whole or not at all.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from tripoint.exchange import desk as exchange
from tripoint.faces.cli import placing, writing
from tripoint.faces.cli.collecting import not_read, read
from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.refusals import Busy, Conflict, Malformed, Refusal, TooLarge, Unknown

if TYPE_CHECKING:
    from tripoint.app import Engine

DONE, FAILED = "done", "failed"
CURSOR = ".tripoint-cursor"
"""In the folder of receipts: the number of the last message that was written there."""

LOCK = ".tripoint-lock"
NOBODY = "unknown"
"""The folder of receipts to senders nobody could make out."""

FILES_PER_LOOK = 500
_PLAIN = re.compile(r"[0-9A-Za-z_-]{1,64}")


@contextlib.contextmanager
def held(in_: Path, out: Path) -> Iterator[None]:
    """Both folders, that of receipts made where it is not there, and no other watcher's; raises Busy, Conflict and Unknown."""
    if in_.resolve() == out.resolve():
        raise Conflict("WATCH-SAME", "收与发不能是同一个文件夹", "messages and receipts need two folders")
    if not in_.is_dir():
        raise Unknown("WATCH-FOLDER", f"没有文件夹 {in_}", f"there is no folder {in_}")
    with contextlib.ExitStack() as stack:
        for folder in (in_, out):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder / LOCK).open("w"))
            except OSError as error:
                raise Unknown(
                    "WATCH-FOLDER",
                    f"无法使用文件夹 {folder}：{error.strerror}",
                    f"the folder {folder} cannot be used: {error.strerror}",
                ) from error
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Busy(
                    "WATCH-HELD", f"已有进程在监视 {folder}", f"another process watches {folder} already"
                ) from error
        yield


class Watcher:
    """Looks again and again; each look takes files in, works, moves the files, and writes what has gone out."""

    def __init__(
        self, engine: Engine, in_: Path, out: Path, talk: Talk, *, sender: str = "", settle_seconds: int = 1
    ) -> None:
        self.engine, self.in_, self.out, self.talk = engine, in_, out, talk
        self.sender, self.settle_seconds = sender, settle_seconds
        self.taken = self.failed = self.written = 0
        self._seen: dict[Path, tuple[int, int, float]] = {}
        self._stop = Event()
        self.cursor = self._read_cursor()

    def run(self, *, once: bool, every_seconds: int) -> None:
        """Look until told to stop; with `once` until a look after the files have settled finds nothing more."""
        before = {
            one: signal.signal(one, lambda *_: self._stop.set()) for one in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            self._look()
            while not self._stop.is_set():
                if once and not self._files():
                    return
                self._stop.wait(self.settle_seconds if once else every_seconds)
                if not self._stop.is_set():
                    self._look()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def _look(self) -> None:
        files = self._stable()[:FILES_PER_LOOK]
        kept = {path: number for path in files if (number := self._take(path)) is not None}
        self.engine.work_all()
        for path, number in kept.items():
            self._settle(path, number)
        self._write_out()

    def _files(self) -> list[Path]:
        """What lies in the folder and is meant: plain files that end in .xml, in order of name."""
        return sorted(
            path
            for path in self.in_.iterdir()
            if path.suffix.lower() == ".xml"
            and not path.name.startswith(".")
            and path.is_file()
            and not path.is_symlink()
        )

    def _stable(self) -> list[Path]:
        """The files that have not changed since a look long enough ago; nobody writes them any more."""
        now, stable, seen = time.monotonic(), [], {}
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):
                told = path.stat()
                size, changed, since = self._seen.get(path, (-1, -1, now))
                if (size, changed) != (told.st_size, told.st_mtime_ns):
                    since = now
                seen[path] = (told.st_size, told.st_mtime_ns, since)
                if now - since >= self.settle_seconds:
                    stable.append(path)
        self._seen = seen
        return stable

    def _take(self, path: Path) -> int | None:
        """Keep a file's message; its number, or None where it was not taken or has gone."""
        try:
            raw = read(path)
            kept = self.engine.admit(raw, sender_code=self.sender, channel="folder", name=path.name)
        except FileNotFoundError:
            return None
        except OSError as error:
            said = not_read(path, error).text
            self._fail(path, f"FILE: {said.zh}\nFILE: {said.en}\n")
            return None
        except (Malformed, TooLarge) as refusal:
            self._fail(path, _reason(refusal))
            return None
        return kept.message_id

    def _settle(self, path: Path, number: int) -> None:
        """Move a file whose message has been worked on; one nobody could read goes with its reason."""
        with self.engine.transaction() as tx:
            message = exchange.message(tx, number, None)
        if message["state"] == "received":
            return  # another process works on it; the next look finds it done
        if message["state"] == "unreadable":
            self._fail(path, f"{message['refusal_text']}\nmessage_id={number}\n")
            return
        self._move(path, DONE)
        self.taken += 1

    def _fail(self, path: Path, reason: str) -> None:
        """The reason first, so that no file lies among the failed without one."""
        writing.put(self.in_ / FAILED, f"{path.name}.reason.txt", reason.encode())
        self._move(path, FAILED)
        self.failed += 1
        first = reason.partition("\n")[0]
        self.talk.warn(f"{path.name} 未能处理", f"{path.name} was not taken: {first}")

    def _move(self, path: Path, where: str) -> None:
        """Move a file under its own name, or with a number where that name has been used for another."""
        folder = self.in_ / where
        folder.mkdir(exist_ok=True)
        target, number = folder / path.name, 1
        while target.exists():
            number += 1
            target = folder / f"{path.stem}.{number}{path.suffix}"
        path.rename(target)
        self._seen.pop(path, None)

    def _write_out(self) -> None:
        for message in placing.outgoing(self.engine, self.cursor):
            writing.put(
                self.out / folder_of(message.recipient_code), placing.file_name(message), message.body
            )
            self.cursor = message.outbox_id
            writing.put(self.out, CURSOR, f"{self.cursor}\n".encode())
            self.written += 1

    def _read_cursor(self) -> int:
        """How far was written; raises Conflict where that was another installation's."""
        try:
            cursor = int((self.out / CURSOR).read_text())
        except FileNotFoundError:
            return 0
        except ValueError as error:
            raise Conflict(
                "WATCH-CURSOR", f"{self.out / CURSOR} 已损坏", f"{self.out / CURSOR} is damaged"
            ) from error
        with self.engine.transaction() as tx:
            newest = exchange.newest_outgoing(tx)
        if cursor > newest:
            raise Conflict(
                "WATCH-CURSOR",
                f"{self.out} 属于另一个数据库（游标 {cursor}，现有 {newest}）",
                f"{self.out} belongs to another database (its cursor is {cursor}, there are {newest})",
            )
        return cursor


def folder_of(recipient_code: str) -> str:
    """The folder of a recipient: its code where that is a plain word; a code comes from outside and is no path."""
    if not recipient_code:
        return NOBODY
    if _PLAIN.fullmatch(recipient_code):
        return recipient_code
    return "x-" + recipient_code.encode().hex()[:120]


def _reason(refusal: Refusal) -> str:
    return f"{refusal.code}: {refusal.text.zh}\n{refusal.code}: {refusal.text.en}\n"
