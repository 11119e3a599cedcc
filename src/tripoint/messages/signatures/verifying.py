"""Whether a message is signed by a registered enterprise and unchanged since (ceb.md §5); never a false yes."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from lxml import etree

from tripoint.kernel.refusals import Malformed
from tripoint.messages.signatures.certificates import Certificate, TrustedCertificate, TrustedCertificates
from tripoint.messages.signatures.keys import VerifyingKey, verifying_key
from tripoint.messages.signatures.parts import Flaw, Octets, SignatureParts, read_parts
from tripoint.messages.signatures.verdicts import Reason, SignatureState, SignatureVerdict


def check_signature(root: etree._Element, trusted: TrustedCertificates, at: datetime) -> SignatureVerdict:
    """Judge the signature of a parsed document as of a moment with its zone; the tree is not touched.

    The tree must be as parsed, blank text included. Whether the signer may sign this paper is the caller's to say.
    Raises Sm2Unavailable where an SM2 signature meets a machine without OpenSSL 3.
    """
    return check_parts(parts_of(root), trusted, at)


def parts_of(root: etree._Element, cut_out: Octets = b"") -> SignatureParts | Reason | None:
    """The parts of a document's signature, why they cannot hold, or None where it is not signed (`read_parts`)."""
    try:
        return read_parts(root, cut_out)
    except Flaw as flaw:
        return flaw.reason


def check_parts(
    parts: SignatureParts | Reason | None, trusted: TrustedCertificates, at: datetime
) -> SignatureVerdict:
    """Judge what `parts_of` has found; raises Sm2Unavailable."""
    if parts is None:
        return SignatureVerdict(state=SignatureState.ABSENT)
    if isinstance(parts, Reason):
        return SignatureVerdict(state=SignatureState.INVALID, reason=parts)
    return judge(parts, trusted, at)


def judge(parts: SignatureParts, trusted: TrustedCertificates, at: datetime) -> SignatureVerdict:
    """Judge a signature that has been taken apart; raises Sm2Unavailable."""
    assert at.tzinfo is not None, "a moment without its zone cannot be compared with a certificate's"
    records = _candidates(parts, trusted)
    if not records:
        return _invalid(parts, Reason.CERTIFICATE_UNKNOWN, parts.fingerprint)
    usable = [record for record in records if _objection(record, parts, at) is None]
    if not usable:
        return _invalid(parts, _objection(records[0], parts, at), records[0].certificate.fingerprint)
    first = usable[0].certificate.fingerprint
    info = parts.signed_info
    if info.digest.hash(*parts.document_octets) != info.digest_value:
        return _invalid(parts, Reason.DIGEST_MISMATCH, first)
    for record in usable:
        key = _key(record.certificate)
        if key is not None and key.verify(info.algorithm, parts.signed_info_octets, parts.value):
            return SignatureVerdict(
                state=SignatureState.VALID,
                algorithm=info.algorithm,
                key_name=parts.key_name,
                fingerprint=record.certificate.fingerprint,
                enterprise_code=record.enterprise_code,
            )
    return _invalid(parts, Reason.VALUE_MISMATCH, first)


def _candidates(parts: SignatureParts, trusted: TrustedCertificates) -> tuple[TrustedCertificate, ...]:
    """The registered certificates that may have signed: the very one the message carries, else those of its KeyName.

    KeyName is not compared with a carried certificate: the official samples say "0001" beside another serial number.
    """
    if parts.fingerprint is not None:
        record = trusted.by_fingerprint(parts.fingerprint)
        return () if record is None else (record,)
    return trusted.by_key_name(parts.key_name) if parts.key_name else ()


def _objection(record: TrustedCertificate, parts: SignatureParts, at: datetime) -> Reason | None:
    """Why this certificate may not stand for a signature at the moment, if so."""
    certificate = record.certificate
    if certificate.key_kind != parts.signed_info.algorithm.key_kind:
        return Reason.KEY_MISMATCH
    if certificate.is_weak:
        return Reason.KEY_TOO_SHORT
    if record.revoked_at is not None and record.revoked_at <= at:
        return Reason.CERTIFICATE_REVOKED
    if at < max(certificate.not_before, record.valid_from):
        return Reason.CERTIFICATE_NOT_YET_VALID
    if at > min(certificate.not_after, record.valid_to):
        return Reason.CERTIFICATE_EXPIRED
    return None


@lru_cache(maxsize=8192)
def _key(certificate: Certificate) -> VerifyingKey | None:
    """The certificate's key, None where it is no sound one: then nothing can have been signed with it."""
    try:
        return verifying_key(certificate)
    except Malformed:
        return None


def _invalid(parts: SignatureParts, reason: Reason | None, fingerprint: str | None) -> SignatureVerdict:
    return SignatureVerdict(
        state=SignatureState.INVALID,
        reason=reason,
        algorithm=parts.signed_info.algorithm,
        key_name=parts.key_name,
        fingerprint=fingerprint,
    )
