"""What a sandbox is told at start: one frozen, typed value, validated where it is made."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A development stand-in needs agreed secrets, not secret ones: they are public by design.
DEVELOPMENT_WHATSAPP_TOKEN = "sandbox-whatsapp-token"
DEVELOPMENT_APP_SECRET = "sandbox-whatsapp-app-secret"
DEVELOPMENT_STRIPE_KEY = "sk_test_sandbox"
DEVELOPMENT_STRIPE_WEBHOOK_SECRET = "whsec_sandbox"
DEVELOPMENT_RAZORPAY_KEY_ID = "rzp_test_sandbox"
DEVELOPMENT_RAZORPAY_KEY_SECRET = "sandbox-razorpay-key-secret"
DEVELOPMENT_RAZORPAY_WEBHOOK_SECRET = "sandbox-razorpay-webhook-secret"
DEVELOPMENT_INTERPRETER_KEY = "sandbox-interpreter-key"

STANDARD_THROUGHPUT = 80
"""How many messages a second the platform takes from a number that it has not raised to 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Where the sandbox keeps its world, whom it trusts, and where it sends its webhooks.

    `templates` are message templates that exist from the start, each in the shape of a creation
    call (`name`, `language`, `category`, `components`); so are `flows`, with an `id`. `limits` switches the throughput and pair
    limits; the 24-hour window always holds. Durations carry their unit in the name.
    """

    journal: Path = Path("sandbox.db")
    public_url: str = "http://localhost:8000"
    mount_path: str = "/sandbox"
    limits: bool = True
    #: The product's server, where the first page's links lead; empty is the sandbox's own.
    product_url: str = ""
    #: The ways into the product that the first page shows: (what it is, path on its server).
    links: tuple[tuple[str, str], ...] = (("Every call of the API, to try out", "/docs"),)

    whatsapp_token: str = DEVELOPMENT_WHATSAPP_TOKEN
    whatsapp_app_secret: str = DEVELOPMENT_APP_SECRET
    whatsapp_webhook_url: str = "http://localhost:8000/api/webhooks/whatsapp"
    phone_number_id: str = "100000000000001"
    waba_id: str = "200000000000002"
    display_phone_number: str = "+91 80 0000 0000"
    graph_version: str = "v26.0"
    templates: tuple[Mapping[str, Any], ...] = ()
    flows: tuple[Mapping[str, Any], ...] = ()
    throughput_per_second: int = STANDARD_THROUGHPUT

    stripe_secret_key: str = DEVELOPMENT_STRIPE_KEY
    stripe_webhook_secret: str = DEVELOPMENT_STRIPE_WEBHOOK_SECRET
    stripe_webhook_url: str = "http://localhost:8000/api/webhooks/stripe"

    razorpay_key_id: str = DEVELOPMENT_RAZORPAY_KEY_ID
    razorpay_key_secret: str = DEVELOPMENT_RAZORPAY_KEY_SECRET
    razorpay_webhook_secret: str = DEVELOPMENT_RAZORPAY_WEBHOOK_SECRET
    razorpay_webhook_url: str = "http://localhost:8000/api/webhooks/razorpay"

    #: Unix seconds by which a checkout session opens and ends. A test whose product lives in
    #: another time passes that time; signatures are always stamped with the real one.
    session_clock: Callable[[], float] = time.time

    interpreter_key: str = DEVELOPMENT_INTERPRETER_KEY

    delivered_after_seconds: float = 0.05
    hang_seconds: float = 30.0
    webhook_timeout_seconds: float = 10.0
    retry_first_seconds: float = 0.5
    retry_longest_seconds: float = 60.0
    give_up_after_seconds: float = field(default=7 * 86_400.0)

    def __post_init__(self) -> None:
        """Refuse values that would fail later, out of sight.

        Raises ValueError naming the field.
        """
        if self.mount_path and (
            not self.mount_path.startswith("/") or self.mount_path.endswith("/")
        ):
            raise ValueError("mount_path starts with a slash and ends without one, or is empty")
        if not self.phone_number_id.strip():
            raise ValueError("phone_number_id is empty")
        if self.phone_number_id == self.waba_id:
            raise ValueError("phone_number_id and waba_id are different things on the platform")
        if self.throughput_per_second < 1:
            raise ValueError("throughput_per_second is at least 1")

    def url(self, path: str) -> str:
        """The public address of a path of the sandbox, e.g. `/stripe/checkout/cs_…`."""
        return f"{self.public_url.rstrip('/')}{self.mount_path}{path}"

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, **overrides: Any
    ) -> "SandboxConfig":
        """Read `SANDBOX_*`, `WHATSAPP_*`, `STRIPE_*` and `RAZORPAY_*`; what is unset keeps its default.

        The server under test is found by `PUBLIC_URL` unless a webhook address is given.
        """
        env = os.environ if environ is None else environ
        named = {
            "journal": "SANDBOX_JOURNAL",
            "public_url": "SANDBOX_PUBLIC_URL",
            "mount_path": "SANDBOX_MOUNT_PATH",
            "whatsapp_token": "WHATSAPP_API_TOKEN",
            "whatsapp_app_secret": "WHATSAPP_APP_SECRET",
            "whatsapp_webhook_url": "SANDBOX_WHATSAPP_WEBHOOK_URL",
            "phone_number_id": "WHATSAPP_PHONE_NUMBER_ID",
            "waba_id": "WHATSAPP_BUSINESS_ACCOUNT_ID",
            "stripe_secret_key": "STRIPE_SECRET_KEY",
            "stripe_webhook_secret": "STRIPE_WEBHOOK_SECRET",
            "stripe_webhook_url": "SANDBOX_STRIPE_WEBHOOK_URL",
            "razorpay_key_id": "RAZORPAY_KEY_ID",
            "razorpay_key_secret": "RAZORPAY_KEY_SECRET",
            "razorpay_webhook_secret": "RAZORPAY_WEBHOOK_SECRET",
            "razorpay_webhook_url": "SANDBOX_RAZORPAY_WEBHOOK_URL",
            "interpreter_key": "INTERPRETER_KEY",
        }
        values: dict[str, Any] = {
            name: env[variable] for name, variable in named.items() if env.get(variable)
        }
        if "journal" in values:
            values["journal"] = Path(values["journal"])
        # Several secrets, separated by commas, are valid during a rotation; we sign with the first.
        for secret in ("stripe_webhook_secret", "razorpay_webhook_secret", "whatsapp_app_secret"):
            if secret in values:
                values[secret] = values[secret].split(",")[0].strip()
        if env.get("PUBLIC_URL"):
            server = env["PUBLIC_URL"].rstrip("/")
            values.setdefault("whatsapp_webhook_url", f"{server}/api/webhooks/whatsapp")
            values.setdefault("stripe_webhook_url", f"{server}/api/webhooks/stripe")
            values.setdefault("razorpay_webhook_url", f"{server}/api/webhooks/razorpay")
        if env.get("SANDBOX_LIMITS"):
            values["limits"] = env["SANDBOX_LIMITS"].lower() not in {"off", "0", "false", "no"}
        return cls(**{**values, **overrides})
