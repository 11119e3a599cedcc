"""The keys of the made-up enterprises: one that counts, one never filed, one expired; kept beside the papers (0600).

They are worth nothing: every file says that it is made up, and the certificates name enterprises that do not exist.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

from tripoint.messages.signatures import keys
from tripoint.messages.signatures.algorithms import SignatureAlgorithm
from tripoint.messages.signatures.certificates import Certificate, parse_certificate
from tripoint.rehearsal.plan import Signed
from tripoint.rehearsal.seals import EXPIRED, UNFILED
from tripoint.rehearsal.world import Enterprise

ALGORITHMS = {Signed.RSA: SignatureAlgorithm.RSA_SHA1, Signed.SM2: SignatureAlgorithm.SM2_SM3}
_MADE_UP = b"# Made up for a rehearsal: this key protects nothing. \xe6\xbc\x94\xe7\xbb\x83\xe5\xaf\x86\xe9\x92\xa5\n"
_YEARS = timedelta(days=20 * 365)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with its certificate, of one enterprise."""

    enterprise_code: str
    key: keys.SigningKey
    certificate: Certificate


def make_signer(enterprise: Enterprise, signed: Signed, seal: str, first_day: date, serial: int) -> Signer:
    """A new key; for the seal `expired` its certificate ended a year before the first day."""
    start = datetime.combine(first_day, time(), UTC) - timedelta(days=3 * 365)
    end = start + timedelta(days=2 * 365) if seal == EXPIRED else start + _YEARS
    kind: Literal["rsa", "sm2"] = "sm2" if signed is Signed.SM2 else "rsa"
    name = {EXPIRED: "（过期）", UNFILED: "（未登记）"}.get(seal, "")
    key, certificate = keys.generate(
        kind, f"演练{enterprise.code[-3:]}{name}", enterprise.name, start, end, serial
    )
    return Signer(enterprise.code, key, certificate)


def make_signers(
    needed: Iterable[tuple[str, str]], enterprises: dict[str, Enterprise], signed: Signed, first_day: date
) -> dict[tuple[str, str], Signer]:
    """A signer for each (enterprise code, seal) asked for; serials count from 1."""
    return {
        place: make_signer(enterprises[place[0]], signed, place[1], first_day, number)
        for number, place in enumerate(sorted(needed), start=1)
    }


def save(signers: dict[tuple[str, str], Signer], folder: Path) -> None:
    """Write every key with its certificate as `<code>[.<seal>].pem`, readable by the owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for (code, seal), signer in signers.items():
        path = folder / (f"{code}.{seal}.pem" if seal else f"{code}.pem")
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MADE_UP + signer.key.to_pem() + pem(signer.certificate).encode())


def load(folder: Path) -> dict[tuple[str, str], Signer]:
    """The signers of a folder, by enterprise code and seal; none where messages were not signed."""
    found = {}
    for path in sorted(folder.glob("*.pem")):
        code, _, seal = path.name.removesuffix(".pem").partition(".")
        text = path.read_bytes()
        at = text.index(b"-----BEGIN CERTIFICATE-----")
        key = keys.SigningKey.from_pem(text[text.index(b"-----BEGIN") : at])
        found[code, seal] = Signer(code, key, parse_certificate(text[at:]))
    return found


def pem(certificate: Certificate) -> str:
    """A certificate as text."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(certificate.der).public_bytes(Encoding.PEM).decode()
