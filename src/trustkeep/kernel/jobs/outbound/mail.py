"""Mail to people, through a port: SMTP in a real installation, refused where none is set up."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import unquote, urlsplit

from trustkeep.base.errors import Misconfigured, Unavailable

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail; it is made when it is sent, and stored nowhere."""

    to: str
    subject: str
    body: str


class Mail(Protocol):
    """What sends letters."""

    def send(self, letter: Letter) -> None:
        """Hand one letter over.

        Raises:
            Unavailable: the server did not take it; it may be tried again.
        """


class NoMail:
    """Stands where no mail server is set up."""

    def send(self, letter: Letter) -> None:  # noqa: ARG002 - the port's
        """Refuse, and say what to set."""
        raise Misconfigured(
            "No mail server is set up, so nothing was sent: set EMAIL_URL to "
            "smtp://user:password@host:port and try again."
        )


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: `smtps` begins with TLS, `smtp` upgrades to it, but for this very host."""

    host: str
    port: int
    encrypted: bool
    user: str | None
    password: str | None
    sender: str

    def send(self, letter: Letter) -> None:
        """Hand one letter to the server."""
        message = EmailMessage()
        message["From"], message["To"] = self.sender, letter.to
        message["Subject"] = letter.subject
        message.set_content(letter.body)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPNotSupportedError:
            raise Unavailable(
                f"The mail server {self.host} offers no encryption (STARTTLS), so nothing was "
                "sent: name one in EMAIL_URL that does, or one that smtps:// reaches."
            ) from None
        except (OSError, smtplib.SMTPException):
            # The server's own words may repeat the address, so they go no further.
            raise Unavailable(
                "The mail server did not take the letter: check EMAIL_URL and try again."
            ) from None

    def _connected(self) -> smtplib.SMTP:
        secure = ssl.create_default_context()
        if self.encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_S, context=secure
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            # Neither a password nor a code that approves something crosses a network in clear.
            if not self.encrypted and (self.user is not None or not _is_this_host(self.host)):
                server.starttls(context=secure)
            if self.user is not None:
                server.login(self.user, self.password or "")
        except BaseException:
            server.close()
            raise
        return server


def _is_this_host(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def from_url(url: str | None, *, sender: str) -> Mail:
    """The mail that an address such as `smtp://user:password@host:587` describes.

    Raises:
        Misconfigured: the address is not of that form.
    """
    if not url:
        return NoMail()
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Misconfigured("EMAIL_URL is not smtp://user:password@host:port: mend or unset it.")
    encrypted = parts.scheme == "smtps"
    return Smtp(
        parts.hostname,
        parts.port or (465 if encrypted else 587),
        encrypted,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        sender,
    )


class _Post:
    mail: Mail = NoMail()


def install(mail: Mail) -> None:
    """Send through this from now on; `config` does it at start."""
    _Post.mail = mail


def is_set_up() -> bool:
    """Whether letters can be sent at all."""
    return not isinstance(_Post.mail, NoMail)


def send(letter: Letter) -> None:
    """Send one letter.

    Raises:
        Misconfigured: no mail server is set up.
        Unavailable: the server did not take it.
    """
    _Post.mail.send(letter)


def require_set_up() -> None:
    """Refuse before anything is promised that would need a letter.

    Raises:
        Misconfigured: no mail server is set up.
    """
    if not is_set_up():
        raise Misconfigured(
            "No mail server is set up, and this needs to write letters: set EMAIL_URL to "
            "smtp://user:password@host:port first."
        )
