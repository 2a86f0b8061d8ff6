"""E-mail: by an SMTP server, or as files in a folder where none is configured (development)."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from app.core.settings import Settings
from app.messaging.channel import (
    Address,
    ChannelPolicy,
    MessageChannel,
    SendResult,
    TransportError,
)
from app.messaging.rules import Refusal
from app.texts.message import Outgoing

MAIL_FOLDER: Final = Path("mail")
"""Where e-mails go in development, one file each."""
_TIMEOUT_SECONDS: Final = 15.0


class Smtp:
    """Sends through `smtp://user:password@host:port` (STARTTLS where offered) or `smtps://…`.

    `sender` is the From address; `?from=` in the address overrides it.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._sender = unquote(query.get("from", sender))

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Send one e-mail. Raises `TransportError`."""
        mail = to_mail(message_id, address, outgoing, self._sender)
        try:
            await asyncio.to_thread(self._deliver, mail)
        except smtplib.SMTPException as error:
            raise TransportError(_refusal_of(error)) from error
        except TimeoutError as error:
            raise TransportError(Refusal.AMBIGUOUS, code="timeout") from error
        except OSError as error:
            raise TransportError(Refusal.UNSENT, code=type(error).__name__) from error
        return SendResult(str(mail["Message-ID"]))

    def _deliver(self, mail: EmailMessage) -> None:
        context = ssl.create_default_context()
        if self._tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        with server:
            server.ehlo()
            if not self._tls and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
            server.send_message(mail)


class MailFolder:
    """Writes each e-mail into a folder, for development."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Write one e-mail as `<id>.eml`. Raises `TransportError`."""
        mail = to_mail(message_id, address, outgoing, self._sender)
        try:
            await asyncio.to_thread(self._write, f"{message_id}.eml", mail.as_bytes())
        except OSError as error:
            raise TransportError(Refusal.UNSENT, code=type(error).__name__) from error
        return SendResult(str(mail["Message-ID"]))

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / name).write_bytes(content)


def to_mail(message_id: UUID, address: Address, outgoing: Outgoing, sender: str) -> EmailMessage:
    """Return the e-mail; its Message-ID is derived from ours, so a second copy is recognised."""
    if address.email is None:
        raise TransportError(Refusal.PERMANENT, code="no_email_address")
    mail = EmailMessage()
    mail["Subject"] = outgoing.subject or outgoing.text.splitlines()[0][:120]
    mail["From"] = sender
    mail["To"] = address.email
    mail["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2].strip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(outgoing.text.replace("*", ""))
    return mail


def _refusal_of(error: smtplib.SMTPException) -> Refusal:
    """Return the refusal of an SMTP error (RFC 5321): 4xx is temporary, 5xx is not."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Refusal.CREDENTIALS
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        temporary = bool(codes) and all(400 <= code < 500 for code in codes)
        return Refusal.TRANSIENT if temporary else Refusal.UNREACHABLE
    if isinstance(error, smtplib.SMTPConnectError):
        return Refusal.UNSENT
    if isinstance(error, smtplib.SMTPResponseException):
        return Refusal.TRANSIENT if error.smtp_code < 500 else Refusal.PERMANENT
    return Refusal.AMBIGUOUS


def email_channel(settings: Settings) -> MessageChannel | None:
    """Return the channel; in production None when no server is set."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    sender = f"Partimer <no-reply@{host}>"
    policy = ChannelPolicy(by_email=True)
    if settings.smtp_url is not None:
        return MessageChannel(Smtp(settings.smtp_url.get_secret_value(), sender), policy)
    return (
        None if settings.is_production else MessageChannel(MailFolder(MAIL_FOLDER, sender), policy)
    )
