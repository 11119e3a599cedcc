"""The envelope messages travel in: DxpMsg of a terminal, DxpMsgSv of a transport node (specification, annex 终端节点)."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from tripoint.kernel.clock import CHINA
from tripoint.messages.ceb.fields import Field, fields_of
from tripoint.messages.ceb.findings import Unreadable

NAMESPACE = "http://www.chinaport.gov.cn/dxp"
_KEYS_MAX = 5
_KEY_NAME_MAX, _KEY_MAX = 32, 64
_DEFAULT: Any = {None: NAMESPACE}
_NAMES = {"dxp": NAMESPACE}


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
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Unreadable("WIRE-18") from None


def wrap(
    payload: bytes,
    *,
    sender_id: str,
    receiver_ids: Sequence[str],
    message_no: str,
    created_at: datetime,
    message_type: str,
    file_name: str | None = None,
    ic_card: str | None = None,
    business_keys: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A DxpMsg around one business message; `message_type` as the wire has it (CEB621Message).

    Raises ValueError for what the terminal schema refuses. Times are written in China time, without a zone, as seen.
    """
    root = etree.Element(f"{{{NAMESPACE}}}DxpMsg", ver="1.0", nsmap=_DEFAULT)
    trans = _put(root, "TransInfo")
    said = {
        "CopMsgId": message_no,
        "SenderId": sender_id,
        "CreatTime": _written_moment(created_at),
        "MsgType": message_type,
    }
    for name in ("CopMsgId", "SenderId", "ReceiverIds", "CreatTime", "MsgType"):
        if name == "ReceiverIds":
            _put_receivers(trans, receiver_ids)
        else:
            _put_field(trans, "DxpMsg", "TransInfo", name, said[name])
    _put(root, "Data").text = binascii.b2a_base64(payload, newline=False).decode()
    if file_name or ic_card or business_keys:
        _put_extra(_put(root, "AddInfo"), file_name, ic_card, business_keys)
    return etree.tostring(root, method="c14n")


def wrap_for_node(
    envelope: bytes,
    *,
    node_message_no: str,
    sent_at: datetime,
    start: str,
    end: str,
    part: str | None = None,
) -> bytes:
    """A DxpMsgSv around one DxpMsg, as transport nodes pass it on; raises ValueError."""
    root = etree.Element(f"{{{NAMESPACE}}}DxpMsgSv", ver="1.0", nsmap=_DEFAULT)
    node = _put(root, "SvNo")
    node.set("Ver", "1.0")
    said = {"MsgId": node_message_no, "SubMsgId": part, "SendTime": _written_moment(sent_at), "EndNode": end}
    for field in fields_of("DxpMsgSv", "SvNo"):
        value = said.get(field.element, start)
        if value is not None:
            _put_field(node, "DxpMsgSv", "SvNo", field.element, value)
    root.append(
        etree.fromstring(envelope, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    )
    return etree.tostring(root, method="c14n")


def _put(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _put_field(parent: etree._Element, message: str, node: str, name: str, value: str) -> None:
    field = next(f for f in fields_of(message, node) if f.element == name)
    least, most = field.characters
    if len(value) < least or (most is not None and len(value) > most):
        raise ValueError(f"{node}.{name}: {field.type} wanted, not {value!r}")
    _put(parent, name).text = value


def _put_receivers(trans: etree._Element, receiver_ids: Sequence[str]) -> None:
    if not 1 <= len(receiver_ids) <= _RECEIVER.occurs:
        raise ValueError(f"ReceiverIds: 1 to {_RECEIVER.occurs} wanted, not {len(receiver_ids)}")
    receivers = _put(trans, "ReceiverIds")
    for receiver_id in receiver_ids:
        _put_field(receivers, "DxpMsg", "ReceiverIds", "ReceiverId", receiver_id)


def _put_extra(
    add: etree._Element, file_name: str | None, ic_card: str | None, keys: Sequence[tuple[str, str]]
) -> None:
    for name, value in (("FileName", file_name), ("IcCard", ic_card)):
        if value is not None:
            _put_field(add, "DxpMsg", "AddInfo", name, value)
    if len(keys) > _KEYS_MAX:
        raise ValueError(f"BizKey: at most {_KEYS_MAX} keys wanted, not {len(keys)}")
    if keys:
        holder = _put(add, "BizKey")
        for name, value in keys:
            if not (1 <= len(name) <= _KEY_NAME_MAX and 1 <= len(value) <= _KEY_MAX):
                raise ValueError(f"BizKey.Key: a name of 1 to 32 and a value of 1 to 64 wanted, not {name!r}")
            key = _put(holder, "Key")
            key.set("name", name)
            key.text = value


def _written_moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time has its zone")
    return moment.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
