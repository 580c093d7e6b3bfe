"""Handing something to an address on the web, without being led into one's own network.

Whoever may name an address could otherwise have this host knock at doors that only it can reach
(server-side request forgery, CWE-918).  So the name is looked up once, every address it has must be
public or in a network that the operator named, and the connection goes to that very address: a name
that means something else a moment later (DNS rebinding) leads nowhere.  Nothing is followed
elsewhere, and no more of an answer is read than its head.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from trustkeep.base.errors import Unacceptable, Unavailable

Network = IPv4Network | IPv6Network

_STEP_S = 10.0  # for connecting, and for each part of the answer
_ALL_S = 20.0  # for everything after the connection stands, however it drips
_MOST_URL = 500
# What carries an IPv4 address in its last four bytes: RFC 4291, RFC 2765, RFC 6052.
_CARRIERS = (IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"), IPv6Network("64:ff9b::/96"))
# Not public, though the library says so: RFC 8215 (a translator of one's own), RFC 3879.
_LOCAL = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: its status, and for how many seconds it asks to be left alone."""

    status: int
    retry_after_s: int | None = None


class _Wire:
    own: tuple[Network, ...] = ()
    context: ssl.SSLContext | None = None


def install(own: Sequence[Network], context: ssl.SSLContext | None = None) -> None:
    """Which networks of one's own may be reached; `config` does it at start.

    `context` says whose certificates count; None: those that the operating system trusts.
    """
    _Wire.own, _Wire.context = tuple(own), context


def check(url: str) -> None:
    """Go on only with an address of the right form; nothing is looked up.

    Raises:
        Unacceptable: what is wrong with it.
    """
    parts = _parsed(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        reached = _may_be_reached(host, parts.scheme)
    except ValueError:  # a name: whose addresses are looked at each time something is sent
        reached = parts.scheme == "https" or bool(_Wire.own)
        reached &= bool(_Wire.own) or host.rpartition(".")[2].lower() != "localhost"
    if not reached:
        raise _unreachable()


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Hand a body to an address; whatever was answered is returned, refusals as well.

    Raises:
        Unacceptable: the address is none, or leads where nothing may be sent.
        Unavailable: no answer came.
    """
    parts = _parsed(url)
    address, port = _looked_up(parts)
    try:
        return _exchanged(parts, address, port, body, headers)
    except (OSError, http.client.HTTPException, ValueError):
        raise Unavailable("The receiver did not answer: it will be tried again.") from None


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _MOST_URL
    if not plain or parts.scheme not in {"https", "http"} or not host or port == 0:
        raise Unacceptable(
            "A receiver is a whole address such as https://hooks.example.org/trustkeep, in ASCII."
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Unacceptable(
            "A receiver's address holds neither user, password nor fragment: every message is "
            "signed, by which the receiver knows it."
        )
    return parts


def _looked_up(parts: SplitResult) -> tuple[str, int]:
    """The address to connect to.

    Raises:
        Unacceptable, Unavailable: as `post`.
    """
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable("The receiver's name is not known: it will be tried again.") from None
    addresses = [str(each[4][0]) for each in found]
    if not all(_may_be_reached(address, parts.scheme) for address in addresses):
        raise _unreachable()
    return addresses[0], port


def _unreachable() -> Unacceptable:
    return Unacceptable(
        "The receiver is in a network of one's own, or takes messages without encryption: use "
        "https and a public address, or have the operator name its network in "
        "TRUSTKEEP_WEBHOOK_NETWORKS."
    )


def _may_be_reached(text: str, scheme: str) -> bool:
    """Public addresses with encryption, and the operator's own networks either way."""
    address = ip_address(text.partition("%")[0])
    inner = _inside(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return _may_be_reached(str(inner), scheme)
    if any(address.version == own.version and address in own for own in _Wire.own):
        return True
    is_local = any(address.version == each.version and address in each for each in _LOCAL)
    return scheme == "https" and address.is_global and not address.is_multicast and not is_local


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address carries: there its packets may end."""
    if any(address in carrier for carrier in _CARRIERS) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def _exchanged(
    parts: SplitResult, address: str, port: int, body: bytes, headers: Mapping[str, str]
) -> Answer:
    connection = _connected(parts, address, port)
    watch = threading.Timer(_ALL_S, _shut, [connection])
    watch.daemon = True
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, _seconds(answer.headers.get("Retry-After")))
    finally:
        watch.cancel()
        connection.close()


def _connected(parts: SplitResult, address: str, port: int) -> http.client.HTTPConnection:
    """A connection to the very address that was looked up, under the receiver's name."""
    name = parts.hostname or ""
    connection = http.client.HTTPConnection(name, port, timeout=_STEP_S)
    stream: socket.socket = socket.create_connection((address, port), timeout=_STEP_S)
    if parts.scheme == "https":
        connection.default_port = 443  # so that `Host` names only a port that is another
        try:
            context = _Wire.context or ssl.create_default_context()
            stream = context.wrap_socket(stream, server_hostname=name)
        except BaseException:
            stream.close()
            raise
    connection.sock = stream
    return connection


def _shut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _seconds(text: str | None) -> int | None:
    """Seconds to wait; the other form, a date, is not taken (RFC 9110 section 10.2.3)."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 8 else None
