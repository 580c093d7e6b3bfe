"""The form that each kind of setting must have; what is wrong is a ValueError in plain words."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_WORKERS = 16  # each with four connections, of the 200 of the embedded server
LEVELS = ("debug", "info", "warning", "error")


def absolute(text: str) -> Path:
    """An absolute path, or one below the user's home."""
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def level(text: str) -> str:
    """How much the log says."""
    if text.lower() not in LEVELS:
        raise ValueError(f"must be one of {', '.join(LEVELS)}")
    return text.lower()


def port(text: str) -> int:
    """A port that can be listened on."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError("must be a port number, 1 to 65535")
    return int(text)


def workers(text: str) -> int:
    """How many processes answer."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_WORKERS):
        raise ValueError(f"must be a number, 1 to {MOST_WORKERS}")
    return int(text)


def public_url(text: str) -> str:
    """A whole address of a site, without the slash at its end; tokens travel over it."""
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    if not is_safe or not parts.hostname or " " in text:
        raise ValueError(
            "must be a whole address, https://privacy.example.org, or http:// on the loopback "
            "address alone"
        )
    return text.rstrip("/")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def database_url(text: str) -> str:
    """The address of a PostgreSQL server."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must be the address of a PostgreSQL server, postgresql://...")
    return text


def zone(text: str) -> str:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError, ZoneInfoNotFoundError):
        raise ValueError("must be a time zone, for example Europe/Berlin") from None


def email_url(text: str) -> str:
    """The address of a mail server."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:  # its words would repeat a part of the address
        whole = False
    if not whole:
        raise ValueError("must be the address of a mail server, smtp://user:password@host:port")
    return text


def provider(text: str) -> str:
    """Where a master key may be."""
    kind, _, rest = text.partition(":")
    if text != "passphrase" and not (kind in {"file", "credential"} and rest):
        raise ValueError("must be file:PATH, credential:NAME or passphrase")
    if kind == "file":
        absolute(rest)
    if kind == "credential" and not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", rest):
        # It becomes the name of a file: no dot and no slash may lead out of systemd's folder.
        raise ValueError("must name its credential with letters, digits, - and _ alone")
    return text


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks such as `10.1.0.0/16`, with commas between them."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(","))
    except ValueError:  # its words would repeat the text
        raise ValueError("must be networks such as 10.1.0.0/16, with commas between them") from None
