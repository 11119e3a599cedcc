"""Which files a command line means: files as named, folders with all XML files below them, in order of name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tripoint.exchange.desk import BYTES_MAX
from tripoint.faces.cli.speaking import Talk
from tripoint.kernel.refusals import Refusal, TooLarge, Unknown
from tripoint.kernel.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file that was not taken, and why."""

    file: str
    code: str
    text: Text


def collect(paths: Sequence[Path]) -> list[Path]:
    """The files meant, each once; raises Unknown for a path that does not exist."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(sorted(file for file in path.rglob("*.xml") if not _hidden(file, path)))
        elif path.exists():
            found[path] = None
        else:
            raise Unknown("PATH", f"没有文件或文件夹 {path}", f"there is no file or folder {path}")
    return list(found)


def none_found(files: Sequence[Path], paths: Sequence[Path], talk: Talk) -> None:
    """Say it where folders were named and hold nothing to take."""
    if not files:
        named = ", ".join(map(str, paths))
        talk.warn(f"{named} 中没有 .xml 文件", f"there is no .xml file in {named}")


def _hidden(file: Path, below: Path) -> bool:
    """Files that a program still writes have a dot before their name; so have folders that nobody means."""
    return any(part.startswith(".") for part in file.relative_to(below).parts)


def read(path: Path, most: int = BYTES_MAX) -> bytes:
    """The bytes of a message's file; raises TooLarge before more than is taken has been read, and OSError."""
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise TooLarge(
            "MESSAGE-TOO-LARGE", f"报文超过 {most} 字节", f"the message is larger than {most} bytes"
        )
    return raw


def readable(paths: Sequence[Path], unread: list[Unread]) -> Iterator[tuple[Path, bytes]]:
    """Each file with its bytes; one that cannot be read goes to `unread`, and the others go on."""
    for path in paths:
        try:
            raw = read(path)
        except OSError as error:
            unread.append(not_read(path, error))
        except Refusal as refusal:
            unread.append(Unread(file=str(path), code=refusal.code, text=refusal.text))
        else:
            yield path, raw


def not_read(path: Path, error: OSError) -> Unread:
    """What is said of a file that the system does not hand over."""
    said = error.strerror or type(error).__name__
    return Unread(file=str(path), code="FILE", text=Text(f"无法读取：{said}", f"cannot be read: {said}"))
