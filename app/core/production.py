"""Settings with which production refuses to start, each with a sentence."""

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from app.core.payment_settings import (
    SANDBOX_RAZORPAY_KEY_ID,
    SANDBOX_RAZORPAY_KEY_SECRET,
    SANDBOX_RAZORPAY_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from app.core.secret_strength import SHARED_BITS, SIGNING_BITS, bits
from app.core.settings import (
    DEVELOPMENT_SECRET,
    SANDBOX_APP_SECRET,
    SANDBOX_INTERPRETER_KEY,
    SANDBOX_TOKEN,
    SANDBOX_VERIFY_TOKEN,
    Settings,
)

MINIMUM_SECRET_CHARACTERS: Final = 32
"""A shorter secret can be guessed offline from one signed token."""

_SAMPLES: Final = (
    DEVELOPMENT_SECRET,
    SANDBOX_APP_SECRET,
    SANDBOX_INTERPRETER_KEY,
    SANDBOX_RAZORPAY_KEY_ID,
    SANDBOX_RAZORPAY_KEY_SECRET,
    SANDBOX_RAZORPAY_WEBHOOK_SECRET,
    SANDBOX_STRIPE_KEY,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
    SANDBOX_TOKEN,
    SANDBOX_VERIFY_TOKEN,
    "sk_live_",
    "rk_live_",
    "whsec_",
    "rzp_live_",
)
"""Values from our documents, and prefixes of providers' keys."""

_SAMPLE_PASSWORDS: Final = frozenset(
    ["password", "postgres", "partimer", "secret", "changeme", "admin", "root", "1234", "123456"]
)
"""Database passwords of examples."""

_ADVICE: Final = "set a random value of at least 32 characters."


def problems(settings: Settings) -> list[str]:
    """Return every reason not to start in production."""
    return [
        *_signing_secrets(settings),
        *_shared_secrets(settings),
        *_addresses(settings),
        *_switches(settings),
        *_providers(settings),
        *interpreter(settings),
    ]


def _signing_secrets(settings: Settings) -> Iterator[str]:
    secret = settings.secret_key.get_secret_value()
    if secret == DEVELOPMENT_SECRET:
        yield f"SECRET_KEY is missing: {_ADVICE}"
    elif _is_weak(secret):
        yield f"SECRET_KEY is too weak: {_ADVICE}"
    # They still open every account, as the newest does.
    if any(_is_weak(each) for each in settings.signing_secrets[1:]):
        yield "SECRET_KEYS_PREVIOUS holds a weak secret, which still signs people in: remove it."
    if settings.data_key and any(_is_weak(each) for each in settings.data_secrets):
        yield f"DATA_KEY is too weak: {_ADVICE}"


def _is_weak(secret: str) -> bool:
    return len(secret) < MINIMUM_SECRET_CHARACTERS or bits(secret, _SAMPLES) < SIGNING_BITS


def _shared_secrets(settings: Settings) -> Iterator[str]:
    for name, value in (
        ("WHATSAPP_API_TOKEN", settings.whatsapp_api_token),
        ("WHATSAPP_APP_SECRET", settings.whatsapp_app_secret),
        ("WHATSAPP_VERIFY_TOKEN", settings.whatsapp_verify_token),
        ("STRIPE_WEBHOOK_SECRET", settings.stripe_webhook_secret),
        ("RAZORPAY_KEY_SECRET", settings.razorpay_key_secret),
        ("RAZORPAY_WEBHOOK_SECRET", settings.razorpay_webhook_secret),
        ("METRICS_TOKEN", settings.metrics_token),
        ("INTERPRETER_KEY", settings.interpreter_key),
    ):
        parts = value.get_secret_value().replace(",", " ").split() if value else []
        if any(part in _SAMPLES for part in parts):
            yield f"{name} is the sandbox's: set the real one, or leave it out."
        elif any(bits(part, _SAMPLES) < SHARED_BITS for part in parts):
            yield f"{name} is too easy to guess: set the real one, at least 16 random characters."
    database = urlsplit(settings.database_url.get_secret_value())
    guessed = (database.password or "-").casefold() in _SAMPLE_PASSWORDS
    if guessed and database.hostname not in {None, "localhost", "127.0.0.1", "::1"}:
        yield "DATABASE_URL has the password of an example: give the database one of its own."


def _addresses(settings: Settings) -> Iterator[str]:
    public = urlsplit(settings.public_url)
    if public.scheme != "https" or not public.hostname:
        yield "PUBLIC_URL must be the https:// address people reach the service at."
    for origin in settings.cors_origins:
        if not origin.startswith("https://"):
            yield f"BACKEND_CORS_ORIGINS must list https origins only, not {origin}."
    if settings.sms_url and urlsplit(settings.sms_url).scheme != "https":
        yield "SMS_URL must be the https:// address of the gateway, or left out."
    if settings.map_tile_url and urlsplit(settings.map_tile_url).scheme != "https":
        yield "MAP_TILE_URL must begin with https://, or be left out."
    for name, url in (
        ("WHATSAPP_API_URL", settings.whatsapp_url),
        ("STRIPE_API_URL", settings.stripe_url),
        ("RAZORPAY_API_URL", settings.razorpay_url),
    ):
        if "sandbox" in url or urlsplit(url).scheme != "https" or _is_here(url):
            yield f"{name} must be the real https:// address, not a stand-in."


def _is_here(url: str) -> bool:
    """Whether an address is on this machine or its network, where no platform is."""
    host = urlsplit(url).hostname or "localhost"
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".localhost", ".local"))


def _switches(settings: Settings) -> Iterator[str]:
    if settings.rate_limits == "off":
        yield "RATE_LIMITS=off is for tests: remove it."
    if settings.log_level == "debug":
        yield "LOG_LEVEL=debug is for development: remove it."
    if settings.second_factor == "optional":
        yield "SECOND_FACTOR=optional is for development: remove it."
    if settings.sandbox == "public":
        yield "SANDBOX=public is for development: remove it."


def _providers(settings: Settings) -> Iterator[str]:
    yield from _stripe(settings)
    yield from _razorpay(settings)
    if settings.whatsapp_api_token and not settings.whatsapp_phone_number_id:
        yield "WHATSAPP_PHONE_NUMBER_ID is missing: no number to send from."
    if settings.whatsapp_api_token and not settings.whatsapp_app_secret:
        yield "WHATSAPP_APP_SECRET is missing: answers could not be verified."


def _stripe(settings: Settings) -> Iterator[str]:
    stripe = settings.stripe_secret_key.get_secret_value() if settings.stripe_secret_key else ""
    if stripe and not settings.stripe_is_live:
        yield "STRIPE_SECRET_KEY is not a live key: set the live one, or leave it out."
    elif stripe and bits(stripe, _SAMPLES) < SHARED_BITS:
        yield "STRIPE_SECRET_KEY is no key that Stripe gives: copy the live one again."
    if stripe and not settings.stripe_webhook_secrets:
        yield "STRIPE_WEBHOOK_SECRET is missing: payments could never be confirmed."


def _razorpay(settings: Settings) -> Iterator[str]:
    key = settings.razorpay_key_id
    if key and not key.startswith("rzp_live_"):
        yield "RAZORPAY_KEY_ID is not a live key: set the live one, or leave it out."
    elif key and bits(key, _SAMPLES) < SHARED_BITS:
        yield "RAZORPAY_KEY_ID is no key that Razorpay gives: copy the live one again."
    if key and not settings.razorpay_key_secret:
        yield "RAZORPAY_KEY_SECRET is missing: the key's other half."
    if settings.razorpay_key_secret and not key:
        yield "RAZORPAY_KEY_ID is missing: the key's other half."
    if key and not settings.razorpay_webhook_secrets:
        yield "RAZORPAY_WEBHOOK_SECRET is missing: payments could never be confirmed."


def interpreter(settings: Settings) -> Iterator[str]:
    """Yield what keeps the language model from being asked, in any environment, where its address is set."""
    url = settings.interpreter_base_url
    if not url:
        return
    parts = urlsplit(url)
    if settings.is_production and parts.scheme != "https":
        yield "INTERPRETER_URL must be an https:// address: what people write goes there."
    elif parts.scheme not in {"http", "https"} or not parts.hostname:
        yield "INTERPRETER_URL must be an http(s) address that ends before /chat/completions."
    if not settings.interpreter_secret:
        yield "INTERPRETER_KEY is missing: the language model would refuse every call."
    if not settings.interpreter_model.strip():
        yield "INTERPRETER_MODEL is missing: name the language model to ask."


def what_leaves(settings: Settings) -> str:
    """Say where texts of people go, beside the messages themselves; "" where they stay here."""
    host = urlsplit(settings.interpreter_base_url).hostname
    if not host:
        return ""
    return (
        f"To {host} go texts that the rules did not understand, masked, of people who agreed to our terms, "
        f"with the open question: at most {settings.interpreter_calls_per_day} a day. "
        "Name it in the privacy notice."
    )


def advice(settings: Settings) -> list[str]:
    """Return what a deployment should have, although it would start without."""
    found = []
    if settings.database_url.get_secret_value().startswith("sqlite"):
        found.append("DATABASE_URL is SQLite: one machine only; use PostgreSQL to grow.")
    if settings.redis_url is None:
        found.append("REDIS_URL is missing: each process counts rate limits by itself.")
    if settings.data_key is None:
        found.append(
            "DATA_KEY is missing: phones are found by the oldest of SECRET_KEY and "
            "SECRET_KEYS_PREVIOUS, so that one must be kept for ever."
        )
    if settings.razorpay_webhook_secrets and not settings.razorpay_account_id:
        found.append(
            "RAZORPAY_ACCOUNT_ID is missing: an event of another account with the same webhook secret "
            "would be believed."
        )
    if settings.smtp_url is None:
        found.append("SMTP_URL is missing: nobody can reset a forgotten password.")
    if not settings.phone_countries:
        found.append(
            "ALLOWED_PHONE_COUNTRIES is missing: anybody can make us pay for codes to every country."
        )
    return found
