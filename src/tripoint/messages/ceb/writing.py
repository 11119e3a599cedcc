"""From columns to messages: strictly what the official schema takes, already canonical (C14N 1.0), so that it can be signed.

A value that the schema would refuse is never written: whoever made it is told which field it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import polars as pl

from tripoint.documents.columns import TABLES, Kind
from tripoint.kernel.money import SCALE
from tripoint.messages.ceb.converting import SPACE
from tripoint.messages.ceb.fields import (
    MESSAGES,
    NAMESPACE,
    Field,
    Message,
    Node,
    fields_of,
)
from tripoint.messages.ceb.parsing import Subscriber, Transfer

__all__ = ["envelope", "quote_original", "write", "write_each", "write_many"]

_INSTANCE_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
_GUID = re.compile(r"[0-9A-Z_-]{36}")
_VERSION = re.compile(r"[\w.-]{1,10}", re.ASCII)
_FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_ODD = _FORBIDDEN.removesuffix("]") + "&<>\r]"
_QUOTED_CHARACTERS = 2_000_000
_PAPER = ("message_id", "position")


def write(
    message_type: str,
    frames: Mapping[str, pl.DataFrame],
    *,
    guid: str,
    transfer: Transfer | None = None,
    subscribers: Sequence[Subscriber] = (),
    version: str = "1.0",
) -> bytes:
    """One message of all the papers in `frames` (tables of `documents.columns`), unsigned, in frame order.

    Lines are joined to their paper by message_id and position. Raises ValueError naming the field that the official
    schema would refuse. A CEB900 quotes its original in CDATA and is therefore not canonical; all others are.
    """
    message = MESSAGES[message_type]
    head = _written(message, message.head, _table(message.head, frames))
    papers = _papers(message, head, frames)["text"]
    return _message(message, "".join(papers), len(papers), guid, transfer, subscribers, version)


def write_each(
    message_type: str, frames: Mapping[str, pl.DataFrame], guids: Mapping[int, str]
) -> dict[int, bytes]:
    """Many messages in one go: for each message_id of the papers the message with its guid, as `write` would write it.

    For types without BaseTransfer. What is dear in writing is paid once for all of them, not once for each.
    """
    message = MESSAGES[message_type]
    head = _written(message, message.head, _table(message.head, frames))
    whole = (
        _papers(message, head, frames)
        .group_by("message_id", maintain_order=True)
        .agg(pl.col("text").str.join(""), pl.len().alias("papers"))
    )
    return {
        number: _message(message, text, papers, guids[number], None, (), "1.0")
        for number, text, papers in whole.iter_rows()
    }


def write_many(
    message_type: str,
    frames: Mapping[str, pl.DataFrame],
    *,
    new_guid: Callable[[], str],
    transfer: Transfer | None = None,
    subscribers: Sequence[Subscriber] = (),
    version: str = "1.0",
    papers_max: int = 100,
) -> list[bytes]:
    """As many messages as the papers need, each with a guid from `new_guid`; no message for no paper."""
    message = MESSAGES[message_type]
    most = min(papers_max, message.paper.most or papers_max)
    head = _written(message, message.head, _table(message.head, frames))
    papers = _papers(message, head, frames)["text"].to_list() if head.height else []
    pages = [papers[at : at + most] for at in range(0, len(papers), most)]
    return [
        _message(message, "".join(page), len(page), new_guid(), transfer, subscribers, version)
        for page in pages
    ]


def quote_original(raw: bytes, characters_max: int = _QUOTED_CHARACTERS) -> str:
    """What a CEB900 may quote of a message that could not be read: text without characters XML forbids."""
    text = raw[: characters_max * 4].decode("utf-8", "replace")[:characters_max]
    return re.sub(_FORBIDDEN, "\ufffd", text)


def _message(
    message: Message,
    text: str,
    papers: int,
    guid: str,
    transfer: Transfer | None,
    subscribers: Sequence[Subscriber],
    version: str,
) -> bytes:
    if not _VERSION.fullmatch(version):
        raise ValueError(f"version: 1 to 10 letters, digits and points wanted, not {version!r}")
    most = message.paper.most
    if not papers or (most is not None and papers > most):
        raise ValueError(f"{message.paper.name}: 1 to {most or 'any number'} wanted, not {papers}")
    if (transfer is None) == message.has("transfer"):
        raise ValueError(
            f"BaseTransfer: {message.type} {'needs' if transfer is None else 'does not take'} it"
        )
    opening, closing = envelope(message, guid, version)
    parts = [opening, text]
    if transfer is not None:
        parts.append(_shared("BaseTransfer", transfer))
    parts += _subscribers(message, subscribers)
    parts.append(closing)
    return "".join(parts).encode()


def envelope(message: Message, guid: str, version: str = "1.0") -> tuple[str, str]:
    """The start tag and the end tag of a message."""
    guid = guid.upper()
    if not _GUID.fullmatch(guid):
        raise ValueError(f"guid: 36 characters wanted, not {guid!r}")
    spaces = f'xmlns:ceb="{NAMESPACE}" xmlns:xsi="{_INSTANCE_NAMESPACE}"'
    return f'<ceb:{message.root} {spaces} guid="{guid}" version="{version}">', f"</ceb:{message.root}>"


def _subscribers(message: Message, subscribers: Sequence[Subscriber]) -> Iterator[str]:
    node = next((node for node in message.top if node.is_("subscriber")), None)
    if subscribers and (node is None or len(subscribers) > (node.most or 0)):
        raise ValueError(f"BaseSubscribe: {message.type} does not take {len(subscribers)}")
    for subscriber in subscribers:
        yield _shared("BaseSubscribe", subscriber)


def _shared(node: str, said: Transfer | Subscriber) -> str:
    """BaseTransfer or BaseSubscribe, whose parts stand in the order of the specification."""
    texts = []
    for field, name in zip(fields_of("*", node), said.__dataclass_fields__, strict=True):
        value = (getattr(said, name) or "").strip(SPACE)
        least, most = field.characters
        if len(value) > (most or len(value)) or (len(value) < least and (value or field.is_mandatory)):
            raise ValueError(f"{node}.{field.element}: {field.type} wanted, not {value!r}")
        if value or field.is_mandatory:
            texts.append(f"<ceb:{field.element}>{_escaped(value)}</ceb:{field.element}>")
    return f"<ceb:{node}>{''.join(texts)}</ceb:{node}>"


def _escaped(text: str) -> str:
    if re.search(_FORBIDDEN, text):
        raise ValueError("a character that XML forbids")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _table(node: Node, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    frame = frames.get(node.table)
    return TABLES[node.table].empty() if frame is None else frame


def _papers(message: Message, heads: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """message_id and the text of each paper, in the order of the heads."""
    if message.is_flat:
        return heads.select_seq("message_id", "text")
    papers = heads
    if message.line is not None:
        lines = _written(message, message.line, _table(message.line, frames))
        grouped = lines.group_by(_PAPER, maintain_order=True).agg(
            pl.col("text").str.join("").alias("lines"), pl.len().alias("number")
        )
        papers = heads.join(grouped, on=_PAPER, how="left", maintain_order="left")
        _refuse_wrong_lines(message.line, papers)
        papers = papers.with_columns_seq((pl.col("text") + pl.col("lines")).alias("text"))
    name = message.paper.name
    return papers.select_seq("message_id", pl.format(f"<ceb:{name}>{{}}</ceb:{name}>", "text").alias("text"))


def _refuse_wrong_lines(line: Node, papers: pl.DataFrame) -> None:
    number = pl.col("number").fill_null(0)
    wrong = number < line.least if line.most is None else ~number.is_between(line.least, line.most)
    found = papers.filter(wrong)
    if found.height:
        raise ValueError(
            f"{line.name}: {line.least} to {line.most or 'any number'} wanted for each paper, "
            f"not {found['number'][0] or 0} (position {found['position'][0]})"
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """The expressions that write one kind of node: columns to texts, and three looks at each text.

    The looks: whether any has a wrong shape, whether any has a character that must be escaped or refused, how many are absent.
    """

    fields: tuple[Field, ...]
    texts: tuple[pl.Expr, ...]
    looks: tuple[pl.Expr, ...]


@cache
def _plan(message_type: str, name: str) -> _Plan:
    """The plan of one node; made once, for making expressions costs more than running them."""
    fields = _fields(message_type, name)
    return _Plan(
        fields,
        (*(pl.col(column) for column in _PAPER), *(_text(field).alias(field.element) for field in fields)),
        tuple(
            look.alias(f"{field.element} {at}")
            for field in fields
            for at, look in enumerate((_is_misshapen(field).any(), _is_odd(field), _nulls(field)))
        ),
    )


def _fields(message_type: str, name: str) -> tuple[Field, ...]:
    node = next(node for node in MESSAGES[message_type].nodes if node.name == name)
    return tuple(field for field in node.fields if field.obligation != "X")


def _written(message: Message, node: Node, frame: pl.DataFrame) -> pl.DataFrame:
    """message_id, position and the text of each row; raises ValueError for what the schema refuses.

    Most columns hold nothing odd and are there in every row or in none: these are put down as they are.
    """
    plan = _plan(message.type, node.name)
    texts = frame.select_seq(plan.texts)
    looks = texts.select_seq(plan.looks).row(0)
    manners = []
    for field, misshapen, odd, nulls in zip(plan.fields, looks[::3], looks[1::3], looks[2::3], strict=True):
        if misshapen or (odd and texts.select_seq(_is_wrong(field).any()).item()):
            raise _refusal(node, field, texts)
        presence = _FULL if nulls == 0 else _ABSENT if nulls == texts.height else _MIXED
        manners.append((presence, bool(odd)))
    return texts.select_seq(*_PAPER, _whole(message.type, node.name, tuple(manners)))


_ABSENT, _FULL, _MIXED = range(3)


@lru_cache(maxsize=256)
def _whole(message_type: str, name: str, manners: tuple[tuple[int, bool], ...]) -> pl.Expr:
    """The expression of a whole node, `text`: for each field whether it is there in no, every or some row, and odd."""
    parts: list[str | pl.Expr] = [f"<ceb:{name}>"]
    for field, (presence, odd) in zip(_fields(message_type, name), manners, strict=True):
        empty = f"<ceb:{field.element}></ceb:{field.element}>" if field.is_mandatory else ""
        match presence:
            case 0:
                parts.append(empty)
            case 1:
                parts += [f"<ceb:{field.element}>", _content(field, odd), f"</ceb:{field.element}>"]
            case _:
                parts.append(_element(field, _content(field, odd)).fill_null(empty))
    parts.append(f"</ceb:{name}>")
    runs = itertools.groupby(parts, key=lambda part: isinstance(part, str))
    merged = [
        one for plain, run in runs for one in ([pl.lit("".join(map(str, run)))] if plain else list(run))
    ]
    return pl.concat_str(merged).alias("text")


def _text(field: Field) -> pl.Expr:
    """A column as the wire writes it; null stays null."""
    column = pl.col(field.column)
    match field.kind:
        case Kind.AMOUNT:
            return _plain_decimal(column)
        case Kind.COUNT:
            return column.cast(pl.String)
        case Kind.TIME:
            digits = "%Y%m%d%H%M%S" if field.type == "T14" else "%Y%m%d%H%M%S%3f"
            return column.dt.convert_time_zone("Asia/Shanghai").dt.strftime(digits)
        case Kind.DAY:
            return column.dt.strftime("%Y%m%d")
        case _:
            text = column.str.strip_chars(SPACE)
            text = text.str.to_uppercase() if field.element == "guid" else text
            return pl.when(text.str.len_bytes() > 0).then(text)


def _plain_decimal(column: pl.Expr) -> pl.Expr:
    """The shortest plain decimal of a count of 0.00001: 500, 0.5, -12.00125."""
    size = column.abs()
    whole = (size // SCALE).cast(pl.String)
    places = (size % SCALE).cast(pl.String).str.zfill(5).str.strip_chars_end("0")
    sign = pl.when(column < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    point = pl.when(places.str.len_bytes() > 0).then(pl.lit(".")).otherwise(pl.lit(""))
    return pl.concat_str([sign, whole, point, places])


def _is_wrong(field: Field) -> pl.Expr:
    """True where the schema or XML itself would refuse the text."""
    if field.kind is not Kind.TEXT:
        return _is_misshapen(field)
    return _is_misshapen(field) | pl.col(field.element).str.contains(_FORBIDDEN).fill_null(False)


def _is_odd(field: Field) -> pl.Expr:
    """Whether any text has a character that must be escaped or that XML forbids."""
    if field.kind is not Kind.TEXT:
        return pl.lit(False)
    return pl.col(field.element).str.contains(_ODD).any()


def _nulls(field: Field) -> pl.Expr:
    return pl.col(field.element).null_count()


def _is_misshapen(field: Field) -> pl.Expr:
    """True where the schema would refuse the text for its length, its value, or because it is not there."""
    text = pl.col(field.element)
    least, most = field.characters
    length = text.str.len_chars()
    wrong = text.is_null() if field.is_mandatory and not field.may_be_empty else pl.lit(False)
    if most is not None:
        wrong = wrong | (~length.is_between(least, most))
    if field.type == "N9":
        wrong = wrong | (text.str.strip_chars_start("-").str.len_bytes() > 9)
    if field.fixed is not None:
        wrong = wrong | (text != field.fixed)
    return wrong.fill_null(False)


def _refusal(node: Node, field: Field, texts: pl.DataFrame) -> ValueError:
    """What is wrong with the first such text; a personal value is not quoted."""
    value, position = texts.filter(_is_wrong(field)).select_seq(field.element, "position").row(0)
    shown = "nothing" if value is None else "a personal value" if field.is_personal else repr(value[:60])
    wanted = field.fixed or field.type
    return ValueError(f"{node.name}.{field.element}: {wanted} wanted, not {shown} (position {position})")


def _content(field: Field, odd: bool) -> pl.Expr:
    """What stands between the tags."""
    text = pl.col(field.element)
    if field.type == "C":
        return _quoted(text)
    return _safe(text) if odd else text


def _element(field: Field, content: pl.Expr) -> pl.Expr:
    """One element, null where its content is."""
    return pl.concat_str([pl.lit(f"<ceb:{field.element}>"), content, pl.lit(f"</ceb:{field.element}>")])


def _safe(text: pl.Expr) -> pl.Expr:
    """Escaped as C14N does."""
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#xD;")):
        text = text.str.replace_all(plain, escaped, literal=True)
    return text


def _quoted(text: pl.Expr) -> pl.Expr:
    """In CDATA; its end mark and carriage returns, which a parser would change, are put outside."""
    text = text.str.replace_all("]]>", "]]]]><![CDATA[>", literal=True)
    text = text.str.replace_all("\r", "]]>&#xD;<![CDATA[", literal=True)
    return pl.concat_str([pl.lit("<![CDATA["), text, pl.lit("]]>")])
