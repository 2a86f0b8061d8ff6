"""The typed settings, read from the environment and validated at start.

Every problem is reported at once, each with a sentence that says what to set. `app.policy` has what
administrators may change at run time (prices, weights, waves).
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.payment_settings import PaymentSettings

DEVELOPMENT_SECRET = "partimer-development-secret-never-for-production"
"""The secret of a fresh clone; production refuses it."""

SANDBOX_TOKEN = "sandbox-whatsapp-token"
SANDBOX_APP_SECRET = "sandbox-whatsapp-app-secret"
SANDBOX_VERIFY_TOKEN = "sandbox-whatsapp-verify-token"
SANDBOX_PHONE_NUMBER_ID = "100000000000001"
SANDBOX_BUSINESS_ACCOUNT_ID = "200000000000002"
SANDBOX_AVAILABILITY_FLOW_ID = "300000000000003"
SANDBOX_INTERPRETER_KEY = "sandbox-interpreter-key"

REAL_WHATSAPP_API_URL = "https://graph.facebook.com"


class ConfigurationError(Exception):
    """The environment can't be used; `problems` has one sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(f"- {problem}" for problem in self.problems))


def _option(argv: Sequence[str], name: str) -> str | None:
    """Return the value of `--name value` or `--name=value`."""
    for word, following in zip(argv, [*argv[1:], None], strict=False):
        if word == name and following is not None:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def own_host(environ: Mapping[str, str], argv: Sequence[str]) -> str:
    """Return the address this process will listen on, as far as it is known before."""
    given = _option(argv, "--host")
    return environ.get("UVICORN_HOST", "127.0.0.1") if given is None else given


def listening_address() -> str:
    """Return the address this process listens on, or will."""
    return own_host(os.environ, sys.argv)


def own_port(environ: Mapping[str, str], argv: Sequence[str]) -> int:
    """Return the TCP port this process will serve on, by `uvicorn … --port N` or by `PORT=N`.

    The product reaches the sandbox through the server's own port.
    """
    value = _option(argv, "--port")
    if value and value.isdigit():
        return int(value)
    for name in ("PORT", "UVICORN_PORT"):
        if environ.get(name, "").isdigit():
            return int(environ[name])
    return 8000


class Settings(PaymentSettings):
    """The environment, typed. See `.env.example` for a line about each."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: SecretStr = SecretStr("sqlite:///partimer.db")
    database_wait_seconds: int = Field(default=15, ge=0, le=600)
    redis_url: SecretStr | None = None
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    secret_keys_previous: SecretStr = SecretStr("")
    data_key: SecretStr | None = None
    backend_cors_origins: str = ""
    public_url: str = ""
    default_country: str = "IN"
    default_currency: str = "INR"
    allowed_phone_countries: str = ""

    whatsapp_api_url: str = ""
    whatsapp_api_token: SecretStr | None = None
    whatsapp_api_version: str = "v26.0"
    whatsapp_phone_number_id: str = ""
    whatsapp_previous_phone_number_ids: str = ""
    whatsapp_business_account_id: str = ""
    whatsapp_app_secret: SecretStr | None = None
    whatsapp_verify_token: SecretStr | None = None
    whatsapp_messages_per_second: int | None = Field(default=None, ge=1, le=1_000)
    whatsapp_public_number: str = ""
    whatsapp_daily_people: int = Field(default=0, ge=0, le=10_000_000)
    whatsapp_availability_flow_id: str = ""

    map_tile_url: str = ""
    smtp_url: SecretStr | None = None
    sms_url: str = ""
    sms_token: SecretStr | None = None
    sms_sender: str = "Partimer"
    sms_body: str = '{"to": "{to}", "from": "{sender}", "text": "{text}"}'

    interpreter_url: str = ""
    interpreter_key: SecretStr | None = None
    interpreter_model: str = ""
    interpreter_seconds: float = Field(default=3.0, gt=0, le=10)
    interpreter_calls_per_day: int = Field(default=1_000, ge=1, le=1_000_000)

    rate_limits: Literal["on", "off"] = "on"
    text_bursts: Literal["on", "off"] = "on"
    background_loops: Literal["on", "off"] = "on"
    sandbox: Literal["on", "off", "public"] = "on"
    openapi: Literal["on", "off"] | None = None
    second_factor: Literal["required", "optional"] | None = None
    sandbox_journal: Path = Path("sandbox.db")
    metrics_token: SecretStr | None = None
    admin_password: SecretStr | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_body_bytes: int = Field(default=262_144, ge=1_024, le=10_485_760)
    access_token_seconds: int = Field(default=600, ge=60, le=3_600)
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    session_days: int = Field(default=90, ge=1, le=365)
    codes_per_day: int = Field(default=20_000, ge=1)

    @field_validator("default_country")
    @classmethod
    def _country(cls, value: str) -> str:
        value = value.strip().upper()
        if value not in SUPPORTED_REGIONS:
            raise ValueError("must be an ISO 3166 two-letter country code, such as IN")
        return value

    @field_validator("allowed_phone_countries")
    @classmethod
    def _countries(cls, value: str) -> str:
        unknown = {*value.upper().replace(",", " ").split()} - SUPPORTED_REGIONS
        if unknown:
            raise ValueError(
                f"must be ISO 3166 country codes, such as IN, AE; {min(unknown)} is none"
            )
        return value

    @field_validator("default_currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        value = value.strip().upper()
        if len(value) != 3 or not value.isalpha():
            raise ValueError("must be an ISO 4217 three-letter currency code, such as INR")
        return value

    @field_validator("whatsapp_public_number")
    @classmethod
    def _public_number(cls, value: str) -> str:
        digits = value.replace(" ", "").removeprefix("+")
        if value and not (value.startswith("+") and digits.isdigit() and 7 <= len(digits) <= 15):
            raise ValueError("must be a number with its country, such as +912240000000")
        return value

    @field_validator("sms_body")
    @classmethod
    def _sms_body(cls, value: str) -> str:
        if value.lstrip().startswith("{"):
            try:
                json.loads(value)
            except ValueError:
                raise ValueError("must be JSON, or a form such as to={to}&text={text}") from None
        if "{to}" not in value or "{text}" not in value:
            raise ValueError("must hold {to} and {text}")
        return value

    @field_validator("map_tile_url")
    @classmethod
    def _tiles(cls, value: str) -> str:
        value = value.strip()
        # Its host goes into the header that says what a page may load.
        url = urlsplit(value)
        host = (url.hostname or "").replace(".", "").replace("-", "")
        plain = url.scheme in {"https", "http"} and host.isascii() and host.isalnum()
        if value and not (
            plain and "@" not in url.netloc and all(f"{{{part}}}" in value for part in "zxy")
        ):
            raise ValueError("must begin with https:// and hold {z}, {x} and {y}")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr) -> SecretStr:
        scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
        if scheme not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value

    @property
    def base_url(self) -> str:
        """The public address, without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def serves_sandbox(self) -> bool:
        """Whether this process mounts the sandbox."""
        return self.sandbox != "off" and not self.is_production

    @property
    def simulates_whatsapp(self) -> bool:
        """Whether the sandbox of this process stands in for WhatsApp, so that no message reaches anybody real."""
        return self.serves_sandbox and not self.whatsapp_api_url

    @property
    def requires_second_factor(self) -> bool:
        """Whether administrators without a second factor can only set one up."""
        return self.is_production or self.second_factor == "required"

    @property
    def serves_openapi(self) -> bool:
        """Whether `/openapi.json` and `/docs` are public: in production only on request."""
        return self.openapi == "on" if self.openapi or self.is_production else True

    @property
    def whatsapp_url(self) -> str:
        """Base address of the Graph API, or of the sandbox."""
        default = REAL_WHATSAPP_API_URL if self.is_production else f"{self._sandbox_url}/whatsapp"
        return (self.whatsapp_api_url or default).rstrip("/")

    @property
    def whatsapp_token(self) -> str | None:
        """Bearer token for sending; None when WhatsApp is not configured."""
        return self._or_sandbox(self.whatsapp_api_token, SANDBOX_TOKEN)

    @property
    def whatsapp_number(self) -> str:
        """Id of the phone number that sends."""
        return self.whatsapp_phone_number_id or (
            "" if self.is_production else SANDBOX_PHONE_NUMBER_ID
        )

    @property
    def whatsapp_number_shown(self) -> str:
        """Our number as people dial it (E.164), for pages; "" where none is told."""
        return self.whatsapp_public_number.replace(" ", "")

    @property
    def whatsapp_numbers(self) -> frozenset[str]:
        """Ids of the numbers that receive: the one that sends, and earlier ones."""
        before = self.whatsapp_previous_phone_number_ids.replace(",", " ").split()
        return frozenset(filter(None, [self.whatsapp_number, *before]))

    @property
    def _uses_sandbox(self) -> bool:
        return not (self.is_production or self.whatsapp_api_url)

    @property
    def whatsapp_status_seconds(self) -> float | None:
        """How soon a sent message gets a status; None for as long as the real platform may take.

        The sandbox answers at once, so that its faults can be tried without waiting for a minute. Tests move
        their clock on instead.
        """
        return 5.0 if self._uses_sandbox and self.environment != "test" else None

    @property
    def whatsapp_pace(self) -> int:
        """How many messages a second our number may send.

        The platform allows 80, and 1,000 for a number in good standing. The sandbox allows 1,000, so that the
        demo runs as fast as the machine can.
        """
        return self.whatsapp_messages_per_second or (1_000 if self._uses_sandbox else 80)

    @property
    def whatsapp_account(self) -> str:
        """Id of the business account that has our message templates."""
        return self.whatsapp_business_account_id or (
            "" if self.is_production else SANDBOX_BUSINESS_ACCOUNT_ID
        )

    @property
    def availability_flow(self) -> str:
        """Id of the Flow for weekly hours; "" where workers get a list instead."""
        return self.whatsapp_availability_flow_id or (
            SANDBOX_AVAILABILITY_FLOW_ID if self.simulates_whatsapp else ""
        )

    @property
    def whatsapp_secret(self) -> str | None:
        """Secret that signs WhatsApp's webhooks; None when not configured."""
        return self._or_sandbox(self.whatsapp_app_secret, SANDBOX_APP_SECRET)

    @property
    def whatsapp_verification(self) -> str | None:
        """Token that WhatsApp sends once when the webhook is registered."""
        return self._or_sandbox(self.whatsapp_verify_token, SANDBOX_VERIFY_TOKEN)

    @property
    def map_tile_origin(self) -> str:
        """Scheme and host of the pictures of maps; "" where there are none."""
        parts = urlsplit(self.map_tile_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def interpreter_base_url(self) -> str:
        """Base address of the language model's API; "" while it is off."""
        return self.interpreter_url.strip().rstrip("/")

    @property
    def interpreter_secret(self) -> str:
        """Bearer key of the language model; outside production that of its stand-in."""
        return self._or_sandbox(self.interpreter_key, SANDBOX_INTERPRETER_KEY) or ""

    @property
    def cors_origins(self) -> list[str]:
        """Origins from which browsers may call the API."""
        return [o.rstrip("/") for o in self.backend_cors_origins.replace(",", " ").split()]

    @property
    def signing_secrets(self) -> list[str]:
        """Secrets of access tokens: the first one signs, all verify."""
        return [self.secret_key.get_secret_value(), *_words(self.secret_keys_previous)]

    @property
    def data_secrets(self) -> list[str]:
        """Secrets of personal values, newest first: DATA_KEY's, else the signing ones."""
        return (_words(self.data_key) if self.data_key else []) or self.signing_secrets

    @property
    def phone_countries(self) -> frozenset[str]:
        """Countries whose phones may get one-time codes; empty means every country."""
        return frozenset(self.allowed_phone_countries.upper().replace(",", " ").split())

    def problems(self) -> list[str]:
        """Return every reason not to start in this environment, each a sentence."""
        # Imported here, because that module imports this one.
        from app.core import production

        if not self.is_production:
            live = {
                "STRIPE_SECRET_KEY": self.stripe_is_live,
                "RAZORPAY_KEY_ID": self.razorpay_is_live,
            }
            advice = "is a live key: set ENVIRONMENT=production or a test key."
            told = [f"{name} {advice}" for name, is_live in live.items() if is_live]
            return [*told, *production.interpreter(self)]
        return production.problems(self)

    def missing(self) -> list[str]:
        """Return what production can't do for lack of optional settings, each a sentence."""
        if not self.is_production:
            return []
        problems = " ".join(self.problems())
        return [
            f"{name} is missing: {effect}."
            for name, value, effect in (
                ("WHATSAPP_API_TOKEN", self.whatsapp_api_token, "no message can be sent"),
                (
                    "WHATSAPP_PHONE_NUMBER_ID",
                    self.whatsapp_phone_number_id,
                    "no message can be sent",
                ),
                ("WHATSAPP_APP_SECRET", self.whatsapp_app_secret, "what people write is refused"),
                (
                    "WHATSAPP_VERIFY_TOKEN",
                    self.whatsapp_verify_token,
                    "the webhook can't be registered with WhatsApp",
                ),
                *self._keys_of_the_seller,
            )
            if not value and name not in problems
        ]


def _words(value: SecretStr) -> list[str]:
    return value.get_secret_value().replace(",", " ").split()


def load_settings() -> Settings:
    """Read and check the environment. Raises `ConfigurationError` with every problem, never with a value."""
    settings = read_settings()
    if problems := settings.problems():
        raise ConfigurationError([*problems, *settings.missing()])
    return settings


def read_settings() -> Settings:
    """Read the environment without `problems`. Raises `ConfigurationError` for values that can't be read."""
    port = own_port(os.environ, sys.argv)
    try:
        return Settings(port=port)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
    problems = [
        f"{str(item['loc'][0] if item['loc'] else '').upper()}: "
        f"{item['msg'].removeprefix('Value error, ')}."
        for item in wrong
    ]
    # Report what else is wrong at once, and not at the next start.
    names = {str(item["loc"][0]) for item in wrong if item["loc"]} & set(Settings.model_fields)
    defaults = {name: Settings.model_fields[name].get_default() for name in names}
    with suppress(ValidationError):
        rest = Settings(**{"port": port, **defaults})
        if more := rest.problems():
            problems += [*more, *rest.missing()]
    raise ConfigurationError(problems)
