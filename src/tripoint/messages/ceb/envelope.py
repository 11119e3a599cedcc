"""The envelope messages travel in: DxpMsg of a terminal, DxpMsgSv of a transport node (specification, annex 终端节点)."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from tripoint.kernel.clock import CHINA
from tripoint.messages.ceb.fields import Field, fields_of
from tripoint.messages.ceb.findings import Unreadable

NAMESPACE = "http://www.chinaport.gov.cn/dxp"
_NAMES = {"dxp": NAMESPACE}
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_DEFLATED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the outside of a message says; the node fields are None for a DxpMsg that no node has passed on."""

    message_no: str
    sender_id: str
    receiver_ids: tuple[str, ...]
    created_at: datetime
    message_type: str
    file_name: str | None = None
    ic_card: str | None = None
    business_keys: tuple[tuple[str, str], ...] = ()
    node_message_no: str | None = None
    node_part: str | None = None
    node_sent_at: datetime | None = None
    node_start: str | None = None
    node_end: str | None = None


def is_envelope(root: etree._Element) -> bool:
    """Whether a root is DxpMsg or DxpMsgSv."""
    return root.tag in (f"{{{NAMESPACE}}}DxpMsg", f"{{{NAMESPACE}}}DxpMsgSv")


def open_envelope(root: etree._Element) -> tuple[Envelope, bytes]:
    """What the envelope says and the bytes inside; raises `Unreadable`."""
    node = root.find("dxp:SvNo", _NAMES)
    message = root if root.tag.endswith("}DxpMsg") else root.find("dxp:DxpMsg", _NAMES)
    if message is None:
        raise Unreadable("WIRE-17", path="DxpMsg")
    outside = _outside(message, node if message is not root else None)
    data = message.find("dxp:Data", _NAMES)
    if data is None:
        raise Unreadable("WIRE-17", path="Data").about(message_no=outside.message_no)
    try:
        return outside, _decoded(data)
    except Unreadable as fault:
        raise fault.about(message_no=outside.message_no) from None


def _outside(message: etree._Element, node: etree._Element | None) -> Envelope:
    trans = message.find("dxp:TransInfo", _NAMES)
    if trans is None:
        raise Unreadable("WIRE-17", path="TransInfo")
    said = {f.element: _said(trans, f) for f in fields_of("DxpMsg", "TransInfo")}
    number = said["CopMsgId"] or ""
    try:
        receivers = tuple(
            _checked(_RECEIVER, e.text) or "" for e in trans.findall("*/dxp:ReceiverId", _NAMES)
        )
        if not 1 <= len(receivers) <= _RECEIVER.occurs:
            raise Unreadable("WIRE-17", path="ReceiverIds", value=str(len(receivers)))
        extra = _extra(message.find("dxp:AddInfo", _NAMES))
        via = {f.element: _said(node, f) for f in fields_of("DxpMsgSv", "SvNo")} if node is not None else {}
        sent = via.get("SendTime")
        return Envelope(
            message_no=number,
            sender_id=said["SenderId"] or "",
            receiver_ids=receivers,
            created_at=_moment("CreatTime", said["CreatTime"]),
            message_type=said["MsgType"] or "",
            file_name=extra.get("FileName"),
            ic_card=extra.get("IcCard"),
            business_keys=_keys(message),
            node_message_no=via.get("MsgId"),
            node_part=via.get("SubMsgId"),
            node_sent_at=_moment("SendTime", sent) if sent else None,
            node_start=via.get("StaNode"),
            node_end=via.get("EndNode"),
        )
    except Unreadable as fault:
        raise fault.about(message_no=number or None) from None


_RECEIVER = fields_of("DxpMsg", "ReceiverIds")[0]


def _extra(add: etree._Element | None) -> dict[str, str | None]:
    if add is None:
        return {}
    return {f.element: _said(add, f) for f in fields_of("DxpMsg", "AddInfo")}


def _keys(message: etree._Element) -> tuple[tuple[str, str], ...]:
    found = message.findall("dxp:AddInfo/dxp:BizKey/dxp:Key", _NAMES)
    return tuple((key.get("name", ""), (key.text or "").strip()) for key in found)


def _said(parent: etree._Element, field: Field) -> str | None:
    found = parent.findall(f"dxp:{field.element}", _NAMES)
    if len(found) > 1:
        raise Unreadable("WIRE-17", path=field.element, value=str(len(found)))
    return _checked(field, found[0].text if found else None)


def _checked(field: Field, text: str | None) -> str | None:
    value = (text or "").strip() or None
    least, most = field.characters
    if value is None:
        if field.is_mandatory and not field.may_be_empty:
            raise Unreadable("WIRE-17", path=field.element)
        return None
    if len(value) < least or (most is not None and len(value) > most):
        raise Unreadable("WIRE-17", path=field.element, value=value)
    return value


def _moment(path: str, text: str | None) -> datetime:
    """A moment of the envelope; without a zone it is China time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        raise Unreadable("WIRE-17", path=path, value=text or "") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _decoded(data: etree._Element) -> bytes:
    if len(data):
        raise Unreadable("WIRE-18")
    text = "".join((data.text or "").split())
    try:
        inside = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Unreadable("WIRE-18") from None
    for mark, name in _COMPRESSED.items():
        if inside.startswith(mark):
            raise Unreadable("WIRE-19", value=name)
    if inside.startswith(_DEFLATED):
        raise Unreadable("WIRE-19", value="deflate")
    return inside
