"""The ``ssl`` errors that OpenSSL raises for a failed handshake, from the words of the native TLS library.

Statistics group failures by their text, which quotes OpenSSL and a line of Python's own C source. Both are learnt by
letting OpenSSL fail in memory, in the same way: so the texts are those of this very interpreter.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import ssl

#: What rustls finds wrong with a certificate: OpenSSL's number and words for it.
_VERDICTS = (
    ("certificate expired", 10, "certificate has expired"),
    ("Expired", 10, "certificate has expired"),
    ("not valid yet", 9, "certificate is not yet valid"),
    ("NotValidYet", 9, "certificate is not yet valid"),
    ("CaUsedAsEndEntity", 18, "self-signed certificate"),
    ("BadSignature", 7, "certificate signature failure"),
    ("Revoked", 23, "certificate revoked"),
    ("Purpose", 26, "unsuitable certificate purpose"),
    ("UnknownIssuer", 20, "unable to get local issuer certificate"),
)
_NAME = re.compile(r'not valid for name "([^"]*)"')

#: TLS alerts as rustls names them: their numbers.
_ALERTS = {
    "UnexpectedMessage": 10,
    "BadRecordMac": 20,
    "RecordOverflow": 22,
    "DecompressionFailure": 30,
    "HandshakeFailure": 40,
    "NoCertificate": 41,
    "BadCertificate": 42,
    "UnsupportedCertificate": 43,
    "CertificateRevoked": 44,
    "CertificateExpired": 45,
    "CertificateUnknown": 46,
    "IllegalParameter": 47,
    "UnknownCA": 48,
    "AccessDenied": 49,
    "DecodeError": 50,
    "DecryptError": 51,
    "ProtocolVersion": 70,
    "InsufficientSecurity": 71,
    "InternalError": 80,
    "InappropriateFallback": 86,
    "UserCanceled": 90,
    "NoRenegotiation": 100,
    "MissingExtension": 109,
    "UnrecognizedName": 112,
    "CertificateRequired": 116,
    "NoApplicationProtocol": 120,
}


@functools.cache
def _said_by_openssl(answer: bytes) -> tuple[type[ssl.SSLError], tuple]:
    """Class and arguments of the error OpenSSL raises when a server answers so to its hello; b"": with the end."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    shaking = context.wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        shaking.do_handshake()
    if answer:
        incoming.write(answer)
    else:
        incoming.write_eof()
    try:
        shaking.do_handshake()
    except ssl.SSLError as error:
        return type(error), error.args
    return ssl.SSLError, (1, "handshake failed")


def _openssl(answer: bytes) -> ssl.SSLError:
    kind, arguments = _said_by_openssl(answer)
    error = kind(*arguments)
    found = re.match(r"\[(\w+): (\w+)\]", str(arguments[-1]))
    if found is not None:
        error.library, error.reason = found.groups()
    return error


def _place() -> str:
    """Where Python's C source says handshakes fail: ` (_ssl.c:1006)`."""
    found = re.search(r" \(_ssl\.c:\d+\)$", str(_said_by_openssl(b"")[1][-1]))
    return found[0] if found else ""


def _verdict(message: str) -> tuple[int, str]:
    named = _NAME.search(message)
    if named is not None:
        try:
            ipaddress.ip_address(named[1])
        except ValueError:
            return 62, f"Hostname mismatch, certificate is not valid for '{named[1]}'."
        return 64, f"IP address mismatch, certificate is not valid for '{named[1]}'."
    return next(
        ((code, words) for mark, code, words in _VERDICTS if mark in message),
        (1, message.removeprefix("invalid peer certificate: ")),
    )


def is_final(message: str) -> bool:
    """Whether OpenSSL would refuse this peer, too: then nobody need ask it."""
    final = (
        "xpired",
        "otValidYet",
        "not valid yet",
        "not valid for name",
        "UnknownIssuer",
        "InvalidContentType",
    )
    return any(mark in message for mark in final) or "eof" in message.lower()


def tls_error(message: str) -> ssl.SSLError:
    """The ssl error for a failed handshake."""
    if "invalid peer certificate" in message:
        code, words = _verdict(message)
        text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words}{_place()}"
        error = ssl.SSLCertVerificationError(1, text)
        error.verify_code, error.verify_message = code, words
        error.library, error.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
        return error
    if "eof" in message.lower():
        return _openssl(b"")
    if "InvalidContentType" in message:  # it speaks, but not TLS
        return _openssl(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    alert = _ALERTS.get(message.removeprefix("received fatal alert: "))
    if alert is not None:
        return _openssl(bytes((21, 3, 3, 0, 2, 2, alert)))
    return ssl.SSLError(1, message)
