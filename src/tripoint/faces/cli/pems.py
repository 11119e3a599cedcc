"""Keys and certificates in PEM files: a file may hold one of them or both."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tripoint.kernel.refusals import Conflict, Malformed, Unknown

if TYPE_CHECKING:
    from tripoint.messages.signatures.certificates import Certificate
    from tripoint.messages.signatures.keys import SigningKey

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.DOTALL)


def read(path: Path) -> bytes:
    """The bytes of a small file; raises Unknown where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unknown(
            "FILE", f"无法读取 {path}：{error.strerror}", f"{path} cannot be read: {error.strerror}"
        ) from error


def private_key(path: Path, password_file: Path | None) -> SigningKey:
    """The private key in a file; raises Malformed where there is none or the password is wrong."""
    from tripoint.messages.signatures.keys import SigningKey

    blocks = [found[0] for found in _BLOCK.finditer(read(path)) if found[1].endswith(b"PRIVATE KEY")]
    if not blocks:
        raise Malformed("KEY", f"{path} 中没有私钥", f"there is no private key in {path}")
    return SigningKey.from_pem(blocks[0], password(password_file))


def password(path: Path | None) -> str | None:
    """The password in a file, its last line end apart; none where no file is named. Raises Malformed where it is empty."""
    if path is None:
        return None
    found = read(path).decode("utf-8", errors="replace").rstrip("\r\n")
    if not found:
        raise Malformed("PASSWORD", f"{path} 中没有口令", f"there is no password in {path}")
    return found


def certificates(path: Path) -> list[Certificate]:
    """Every certificate in a file, PEM, DER or Base64; raises Malformed where there is none."""
    from tripoint.messages.signatures.certificates import parse_certificate

    raw = read(path)
    blocks = [found[0] for found in _BLOCK.finditer(raw) if found[1] == b"CERTIFICATE"]
    if not blocks and b"-----BEGIN" in raw:
        raise Malformed("CERTIFICATE", f"{path} 中没有证书", f"there is no certificate in {path}")
    return [parse_certificate(block) for block in blocks or [raw]]


def as_pem(certificate: Certificate) -> str:
    """A certificate as text."""
    from ssl import DER_cert_to_PEM_cert

    return DER_cert_to_PEM_cert(certificate.der)


def write_secret(path: Path, content: bytes) -> None:
    """A new file that only its owner may read; raises Conflict where it exists already, and Unknown."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(
            "FILE", f"{path} 已存在，未改动", f"{path} exists already and was left alone"
        ) from error
    except OSError as error:
        raise Unknown(
            "FILE", f"无法写入 {path}：{error.strerror}", f"{path} cannot be written: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
