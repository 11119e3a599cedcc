"""From the bytes of many messages to sets of papers: what could be read, what is faulty, who signed (pure).

Whether a signer may send a paper is decided here: the responsible enterprise itself, or one it has entrusted in writing
(海关总署公告2018年第194号; ceb.md §4 row 23).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache

import polars as pl

from tripoint.kernel.clock import CHINA
from tripoint.messages.ceb.fields import MESSAGES
from tripoint.messages.ceb.labels import wire_names
from tripoint.messages.ceb.parsing import MessageHead, Unreadable, parse
from tripoint.messages.ceb.reading import Reader
from tripoint.messages.signatures.parts import SignatureParts
from tripoint.messages.signatures.verdicts import Reason, SignatureState, SignatureVerdict
from tripoint.messages.signatures.verifying import check_parts, parts_of
from tripoint.platforms.clearance.records import KINDS, Arrival, Bench, Kind, SignaturePolicy

FAULTS = {
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "code": pl.String(),
    "path": pl.String(),
    "line_no": pl.Int32(),
    "value": pl.String(),
}
"""Why papers are not taken: one row per fault of a paper."""

ARRIVING = {
    "kind": pl.String(),
    "issuer_code": pl.String(),
    "number": pl.String(),
    "order_no": pl.String(),
    "marketplace_code": pl.String(),
    "message_id": pl.Int64(),
    "position": pl.Int32(),
    "app_type": pl.String(),
    "app_time": pl.Datetime("us", "UTC"),
    "draft": pl.Boolean(),
    "digest": pl.Int64(),
    "list_no": pl.String(),
    "pre_no": pl.String(),
    "declarant_code": pl.String(),
    "owner_code": pl.String(),
    "by_issuer": pl.Boolean(),
    "guid": pl.String(),
}
"""Every paper of a round in one shape, by its business key."""

AHEAD_MOST = timedelta(days=1)
"""So far the clock of a sender may be ahead."""

_CERTIFICATE_REASONS = {
    Reason.CERTIFICATE_UNKNOWN: "SIGN-03",
    Reason.CERTIFICATE_EXPIRED: "SIGN-04",
    Reason.CERTIFICATE_NOT_YET_VALID: "SIGN-04",
    Reason.CERTIFICATE_REVOKED: "SIGN-04",
}


class Lane(StrEnum):
    """How a message was read: by the compiled scanner, or as a tree."""

    FAST = "fast"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What was found of one message: its head, the verdict on its signature, or why it cannot be read."""

    arrival: Arrival
    head: MessageHead | None
    verdict: SignatureVerdict | None
    unreadable: Unreadable | None
    lane: Lane = Lane.REFERENCE
    odd_papers: int = 0
    """Papers of a message of the fast lane that went the reference lane by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A round of messages, read: the letters, the papers by table, the faults of papers and those tolerated (FAULTS)."""

    letters: Sequence[Letter]
    papers: dict[str, pl.DataFrame]
    faults: pl.DataFrame
    notes: pl.DataFrame
    arriving: pl.DataFrame


def read(arrivals: Sequence[Arrival], bench: Bench | None) -> Mail:
    """Parse, verify and read every message; nothing that arrives can make this fail.

    Without a bench signatures are not looked at: so are messages read again whose papers were taken before.
    """
    reader = Reader()
    letters = [_opened(arrival, reader, bench) for arrival in arrivals]
    papers = _with_recipients(reader.frames(), letters)
    signers = _signers(letters)
    seen = _seen(papers, reader.digests(), signers)
    notes, faulty = _told(reader.faults())
    faults = [faulty, *_unknown_words(papers, seen)]
    if bench:
        faults += _signature_faults(letters, papers, seen, signers, bench)
        faults += _ahead_of_time(letters, seen)
    return Mail(
        letters=letters,
        papers=papers,
        faults=pl.concat(faults) if len(faults) > 1 else faulty,
        notes=notes,
        arriving=seen.select_seq(list(ARRIVING)),
    )


def _told(odd: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is tolerated of papers, and what is not."""
    if odd.is_empty():
        return pl.DataFrame(schema=FAULTS), pl.DataFrame(schema=FAULTS)
    of_papers = odd.lazy().filter(pl.col("position").is_not_null())
    notes, faults = pl.collect_all(
        [
            of_papers.filter("tolerated").select_seq(list(FAULTS)),
            of_papers.filter(~pl.col("tolerated")).select_seq(list(FAULTS)),
        ]
    )
    return notes, faults


def _opened(arrival: Arrival, reader: Reader, bench: Bench | None) -> Letter:
    """One message, its papers handed to the reader: by the fast lane where it is on and the message takes it."""
    scanned = reader.scan(arrival.message_id, arrival.raw) if bench is None or bench.fast_lane else None
    if scanned is not None:
        return Letter(
            arrival=arrival,
            head=scanned.head,
            verdict=_verdict(lambda: scanned.signature, arrival, bench),
            unreadable=None,
            lane=Lane.FAST,
            odd_papers=scanned.odd,
        )
    try:
        parsed = parse(arrival.raw)
    except Unreadable as unreadable:
        return Letter(arrival=arrival, head=None, verdict=None, unreadable=unreadable)
    verdict = _verdict(lambda: parts_of(parsed.root), arrival, bench)
    reader.add(arrival.message_id, parsed)
    return Letter(arrival=arrival, head=parsed.head, verdict=verdict, unreadable=None)


def _verdict(
    signature: Callable[[], SignatureParts | Reason | None], arrival: Arrival, bench: Bench | None
) -> SignatureVerdict | None:
    if bench is None or bench.policy is SignaturePolicy.IGNORE:
        return None
    return check_parts(signature(), bench.trusted, arrival.received_at)


def _with_recipients(papers: dict[str, pl.DataFrame], letters: Sequence[Letter]) -> dict[str, pl.DataFrame]:
    """Each paper with the enterprise that is to be answered: who handed it in, else who transmitted it."""
    recipients = pl.DataFrame(
        [
            (letter.arrival.message_id, letter.arrival.sender_code or letter.head.cop_code or "")
            for letter in letters
            if letter.head is not None
        ],
        schema={"message_id": pl.Int64(), "recipient_code": pl.String()},
        orient="row",
    )
    heads = [kind.table for kind in KINDS if kind.table in papers]
    joined = pl.collect_all(
        [
            papers[table].lazy().join(recipients.lazy(), on="message_id", how="left", maintain_order="left")
            for table in heads
        ]
    )
    return papers | dict(zip(heads, joined, strict=True))


_OWNER = {"order": "merchant_code", "list": "declarant_code"}
"""Whose a paper is, where others could name its number."""


_ASKED = {"asked": pl.String(), "declared": pl.String(), "signer": pl.String(), "strange": pl.Boolean()}
"""What is looked at of every paper beside ARRIVING: app_type and app_status as they stand, and who signed it validly."""


@cache
def _shown(kind: Kind) -> list[pl.Expr]:
    """The columns of ARRIVING of a kind of paper, `asked`, `declared` and `strange`: no owner of it is its signer."""
    have = kind.schema

    def of(column: str) -> pl.Expr:
        return pl.col(column) if column in have else pl.lit(None, pl.String())

    own = [
        (pl.col(column) == pl.col("signer")).fill_null(value=False)
        for column in kind.signers
        if column in have
    ]
    return [
        pl.lit(kind.name).alias("kind"),
        of(kind.issuer or "").alias("issuer_code"),
        pl.coalesce(of(kind.number), "guid").alias("number"),
        of("order_no").alias("order_no"),
        of("marketplace_code").alias("marketplace_code"),
        pl.col("message_id"),
        pl.col("position"),
        pl.col("app_type").fill_null("1"),
        pl.col("app_time"),
        (pl.col("app_status") == "1").fill_null(value=False).alias("draft"),
        pl.col("digest"),
        of("list_no").alias("list_no"),
        of("pre_no").alias("pre_no"),
        of("declarant_code").alias("declarant_code"),
        of(_OWNER.get(kind.name, "")).alias("owner_code"),
        (of("recipient_code") == of(kind.issuer or "")).fill_null(value=False).alias("by_issuer"),
        pl.col("guid"),
        pl.col("app_type").alias("asked"),
        pl.col("app_status").alias("declared"),
        pl.col("signer"),
        (pl.col("signer").is_not_null() & ~pl.any_horizontal(own)).alias("strange"),
    ]


def _seen(
    papers: dict[str, pl.DataFrame], digests: dict[str, pl.Series], signers: pl.DataFrame
) -> pl.DataFrame:
    """All papers by business key in the order they came (ARRIVING), and what has to be looked at (_ASKED)."""
    who = signers.lazy().select_seq("message_id", "signer")
    parts = [
        frame.hstack([digests[kind.table].alias("digest")])
        .lazy()
        .join(who, on="message_id", how="left", maintain_order="left")
        .select_seq(_shown(kind))
        for kind in KINDS
        if (frame := papers.get(kind.table)) is not None and not frame.is_empty()
    ]
    if not parts:
        return pl.DataFrame(schema=ARRIVING | _ASKED)
    return pl.concat(parts).sort("message_id", "position", maintain_order=True).collect()


_WORDS = {"app_type": ("1", "2", "3"), "app_status": ("1", "2")}
"""What a paper may ask for: new, change, delete; draft or declared (specification 2022-05)."""


_IS_UNKNOWN = ~pl.col("asked").is_in(list(_WORDS["app_type"])) | ~pl.col("declared").is_in(
    list(_WORDS["app_status"])
)


def _unknown_words(papers: dict[str, pl.DataFrame], seen: pl.DataFrame) -> list[pl.DataFrame]:
    """Papers that ask for something there is not: FIELD-14 as for any other field with a closed set of values."""
    kinds = set(seen.filter(_IS_UNKNOWN)["kind"])
    parts = []
    for kind in KINDS:
        if kind.name not in kinds:
            continue
        for column, words in _WORDS.items():
            odd = papers[kind.table].filter(~pl.col(column).is_in(list(words)))
            named = odd.select_seq(
                "message_id", "position", pl.col(column).alias("value"), pl.lit("FIELD-14").alias("code")
            )
            parts.append(_laid(named, wire_names().get((kind.table, column), column)))
    return parts


def _ahead_of_time(letters: Sequence[Letter], seen: pl.DataFrame) -> list[pl.DataFrame]:
    """Papers whose time lies more than a day after they came (VERSION-06): no later version could ever count."""
    if seen.is_empty():
        return []
    came = {letter.arrival.message_id: letter.arrival.received_at + AHEAD_MOST for letter in letters}
    if not (seen["app_time"] > min(came.values())).any():
        return []
    latest = pl.col("message_id").replace_strict(came, return_dtype=seen.schema["app_time"])
    ahead = seen.filter(pl.col("app_time") > latest).select_seq(
        "message_id",
        "position",
        pl.col("app_time").dt.convert_time_zone(str(CHINA)).dt.strftime("%Y%m%d%H%M%S").alias("value"),
        pl.lit("VERSION-06").alias("code"),
    )
    return [_laid(ahead, "appTime")]


def _signers(letters: Sequence[Letter]) -> pl.DataFrame:
    """Who signed each message validly, and the day in China on which it came."""
    return pl.DataFrame(
        [
            (
                letter.arrival.message_id,
                letter.verdict.enterprise_code,
                letter.arrival.received_at.astimezone(CHINA).date(),
            )
            for letter in letters
            if letter.verdict is not None and letter.verdict.enterprise_code
        ],
        schema={"message_id": pl.Int64(), "signer": pl.String(), "received_on": pl.Date()},
        orient="row",
    )


def _signature_faults(
    letters: Sequence[Letter],
    papers: dict[str, pl.DataFrame],
    seen: pl.DataFrame,
    signers: pl.DataFrame,
    bench: Bench,
) -> list[pl.DataFrame]:
    """Faults of whole messages laid upon each of their papers, and of papers whose signer may not send them."""
    whole: dict[str, list[tuple[int, str, str]]] = {}
    for letter in letters:
        if letter.head is not None and (found := _letter_fault(letter, bench)):
            table = MESSAGES[letter.head.message_type].head.table
            whole.setdefault(table, []).append((letter.arrival.message_id, *found))
    strange = set(seen.filter("strange")["kind"]) if bench.policy is SignaturePolicy.REQUIRE else ()
    parts = []
    for kind in KINDS:
        frame = papers.get(kind.table)
        if frame is None or frame.is_empty():
            continue
        if kind.table in whole:
            schema = {"message_id": pl.Int64(), "code": pl.String(), "value": pl.String()}
            rows = pl.DataFrame(whole[kind.table], schema=schema, orient="row")
            place = frame.select_seq("message_id", "position")
            parts.append(_laid(place.join(rows, on="message_id", how="inner"), "Signature"))
        if kind.name in strange:
            parts.append(_strangers(kind, frame, signers, bench))
    return parts


def _laid(rows: pl.DataFrame, path: str) -> pl.DataFrame:
    return rows.with_columns_seq(
        pl.lit(path).alias("path"), pl.lit(None, pl.Int32()).alias("line_no")
    ).select_seq(list(FAULTS))


def _letter_fault(letter: Letter, bench: Bench) -> tuple[str, str] | None:
    """The fault of a message as a whole under the policy; code and what is wrong in Chinese."""
    if letter.head is None:
        return None
    sender, cop_code = letter.arrival.sender_code, letter.head.cop_code
    if sender and cop_code and sender != cop_code:
        return "SIGN-06", f"{cop_code}≠{sender}"
    verdict = letter.verdict
    if verdict is None or bench.policy is not SignaturePolicy.REQUIRE:
        return None
    if verdict.state is SignatureState.ABSENT:
        return "SIGN-01", ""
    if verdict.state is SignatureState.INVALID:
        assert verdict.reason is not None
        return _CERTIFICATE_REASONS.get(verdict.reason, "SIGN-02"), verdict.reason.text.zh
    if cop_code and verdict.enterprise_code != cop_code:
        return "SIGN-06", f"{cop_code}≠{verdict.enterprise_code}"
    return None


def _strangers(kind: Kind, frame: pl.DataFrame, signers: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """Papers whose (valid) signer is none of the enterprises that answer for them, nor entrusted by one on that day."""
    owners = [column for column in kind.signers if column in frame.columns]
    signed = frame.select_seq("message_id", "position", *owners).join(signers, on="message_id", how="inner")
    own = pl.any_horizontal(
        [(pl.col(column) == pl.col("signer")).fill_null(value=False) for column in owners]
    )
    strangers = signed.filter(~own)
    if not strangers.is_empty():
        entrusted = bench.entrustments.filter(pl.col("paper_kind") == kind.table)
        for column in owners:
            allowed = strangers.join(
                entrusted.select_seq("sender_code", "owner_code", "since", "until"),
                left_on=["signer", column],
                right_on=["sender_code", "owner_code"],
                how="inner",
            ).filter(
                (pl.col("since") <= pl.col("received_on"))
                & (pl.col("until").is_null() | (pl.col("received_on") <= pl.col("until")))
            )
            strangers = strangers.join(allowed, on=["message_id", "position"], how="anti")
    return _laid(
        strangers.select_seq(
            "message_id", "position", pl.lit("SIGN-05").alias("code"), pl.col("signer").alias("value")
        ),
        kind.signers[0],
    )
