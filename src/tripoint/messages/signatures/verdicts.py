"""What can be said of a signature, in a closed set of reasons and in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tripoint.kernel.text import Text
from tripoint.messages.signatures.algorithms import SignatureAlgorithm


class SignatureState(StrEnum):
    """Whether the message is signed, and whether that holds."""

    VALID = "valid"
    ABSENT = "absent"
    INVALID = "invalid"


class Reason(StrEnum):
    """Why a signature does not hold; a promise to whoever reads receipts, never given another meaning."""

    MISPLACED = "misplaced"
    SECOND_SIGNATURE = "second_signature"
    HIDDEN_CONTENT = "hidden_content"
    MALFORMED = "malformed"
    OBJECT_ELEMENT = "object_element"
    UNSUPPORTED_CANONICALISATION = "unsupported_canonicalisation"
    EXTRA_REFERENCE = "extra_reference"
    FOREIGN_REFERENCE = "foreign_reference"
    UNSUPPORTED_TRANSFORM = "unsupported_transform"
    UNSUPPORTED_KEY_INFO = "unsupported_key_info"
    UNKNOWN_ALGORITHM = "unknown_algorithm"
    ALGORITHM_MISMATCH = "algorithm_mismatch"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    KEY_MISMATCH = "key_mismatch"
    KEY_TOO_SHORT = "key_too_short"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"
    DIGEST_MISMATCH = "digest_mismatch"
    VALUE_MISMATCH = "value_mismatch"

    @property
    def text(self) -> Text:
        """What is wrong and what mends it."""
        return _TEXTS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVerdict:
    """What was found; enterprise_code is the signer and is given only when the signature is valid."""

    state: SignatureState
    reason: Reason | None = None  # only when invalid
    algorithm: SignatureAlgorithm | None = None
    key_name: str | None = None  # as the message says it, proven by nothing
    fingerprint: str | None = None  # of the registered certificate, or of the unknown one the message carries
    enterprise_code: str | None = None

    @property
    def text(self) -> Text:
        """The verdict as a sentence."""
        return self.reason.text if self.reason is not None else _STATE_TEXTS[self.state]


_STATE_TEXTS = {
    SignatureState.VALID: Text("签名有效", "the signature is valid"),
    SignatureState.ABSENT: Text("报文没有签名", "the message is not signed"),
    SignatureState.INVALID: Text("签名无效", "the signature is not valid"),
}
_TEXTS = {
    Reason.MISPLACED: Text(
        "签名节点不是报文根节点的直接子节点，或所签的不是整个报文；请对完整报文加签，并将 ds:Signature 放在根节点之下",
        "ds:Signature is not a child of the message's root, or the root is not the signed document;"
        " sign the whole message and place ds:Signature directly under its root",
    ),
    Reason.SECOND_SIGNATURE: Text(
        "报文含有一个以上的签名；只保留一个 ds:Signature",
        "there is more than one signature; leave one ds:Signature",
    ),
    Reason.HIDDEN_CONTENT: Text(
        "字段值中含有注释、处理指令或实体，或报文带有 DTD，读取的内容可能与签名内容不同；请删除后重新加签",
        "a comment, processing instruction, entity or DTD could make the text read differ from the text signed;"
        " remove it and sign again",
    ),
    Reason.MALFORMED: Text(
        "签名节点的结构或编码不符合 XML 签名规范；请按规范重新加签",
        "the signature's structure or encoding is not that of XML Signature; sign again as the standard says",
    ),
    Reason.OBJECT_ELEMENT: Text(
        "签名含有 ds:Object，不予接受；请删除后重新加签",
        "ds:Object is not taken in a signature; sign again without it",
    ),
    Reason.UNSUPPORTED_CANONICALISATION: Text(
        "规范化算法只接受 C14N 1.0（不带注释）", "only inclusive C14N 1.0 without comments is taken"
    ),
    Reason.EXTRA_REFERENCE: Text(
        "签名只能含有一个 ds:Reference", "a signature holds exactly one ds:Reference"
    ),
    Reason.FOREIGN_REFERENCE: Text(
        'ds:Reference 的 URI 必须为空（URI=""），即指向整个报文',
        'ds:Reference must be to the whole message: URI=""',
    ),
    Reason.UNSUPPORTED_TRANSFORM: Text(
        "只接受一个 enveloped-signature 转换", "exactly one transform is taken: enveloped-signature"
    ),
    Reason.UNSUPPORTED_KEY_INFO: Text(
        "ds:KeyInfo 只能含有一个 KeyName 和一个 X509 证书",
        "ds:KeyInfo may hold one KeyName and one X509 certificate only",
    ),
    Reason.UNKNOWN_ALGORITHM: Text(
        "签名或摘要算法不被接受；请使用 sm2-sm3 与 sm3，或 rsa-sha1 与 sha1",
        "the signature or digest algorithm is not taken; use sm2-sm3 with sm3, or rsa-sha1 with sha1",
    ),
    Reason.ALGORITHM_MISMATCH: Text(
        "摘要算法与签名算法不配套；请使用 sm2-sm3 与 sm3，或 rsa-sha1 与 sha1",
        "the digest algorithm may not stand under this signature algorithm; use sm2-sm3 with sm3, or rsa-sha1 with sha1",
    ),
    Reason.CERTIFICATE_UNKNOWN: Text(
        "签名证书未在本平台登记；请先登记企业证书",
        "the signing certificate is not registered here; register it first",
    ),
    Reason.KEY_MISMATCH: Text(
        "证书的密钥类型与签名算法不符",
        "the certificate's key is not of the kind that the signature algorithm needs",
    ),
    Reason.KEY_TOO_SHORT: Text(
        "证书的 RSA 密钥不足 1024 位，签名不足为凭；请更换密钥与证书，登记后重新加签",
        "the certificate's RSA key has fewer than 1024 bits, so a signature by it proves nothing;"
        " register a certificate of a longer key and sign again",
    ),
    Reason.CERTIFICATE_NOT_YET_VALID: Text("签名证书尚未生效", "the signing certificate is not yet valid"),
    Reason.CERTIFICATE_EXPIRED: Text(
        "签名证书已过期；请更换证书后重新加签",
        "the signing certificate has expired; sign again with a current one",
    ),
    Reason.CERTIFICATE_REVOKED: Text(
        "签名证书已被撤销；请更换证书后重新加签",
        "the signing certificate is revoked; sign again with a current one",
    ),
    Reason.DIGEST_MISMATCH: Text(
        "报文内容与签名时不一致；加签后不得再改动报文（包括空白和命名空间声明）",
        "the message is not what was signed; nothing, white space and namespaces included, may change after signing",
    ),
    Reason.VALUE_MISMATCH: Text(
        "签名值不是登记证书所签；请检查所用的卡或密钥",
        "the value was not made with the registered key; check the card or key",
    ),
}
