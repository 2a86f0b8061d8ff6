"""Settings of the payment providers: which one sells, and the keys of each.

Both may be configured at once: `PAYMENT_PROVIDER` says where new pages are opened, and the keys of the other one
still refund what was paid there, and believe its events.
"""

from typing import Final, Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings

SANDBOX_STRIPE_KEY: Final = "sk_test_sandbox"
SANDBOX_STRIPE_WEBHOOK_SECRET: Final = "whsec_sandbox"
SANDBOX_RAZORPAY_KEY_ID: Final = "rzp_test_sandbox"
SANDBOX_RAZORPAY_KEY_SECRET: Final = "sandbox-razorpay-key-secret"
SANDBOX_RAZORPAY_WEBHOOK_SECRET: Final = "sandbox-razorpay-webhook-secret"

REAL_STRIPE_API_URL: Final = "https://api.stripe.com"
REAL_RAZORPAY_API_URL: Final = "https://api.razorpay.com"

type ProviderName = Literal["stripe", "razorpay"]


class PaymentSettings(BaseSettings):
    """The part of the environment that payments need."""

    environment: Literal["development", "test", "production"] = "development"
    port: int = 8000

    payment_provider: Literal["stripe", "razorpay"] = "stripe"
    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_api_url: str = ""
    razorpay_key_id: str = ""
    razorpay_key_secret: SecretStr | None = None
    razorpay_webhook_secret: SecretStr | None = None
    razorpay_account_id: str = ""
    razorpay_api_url: str = ""

    @property
    def is_production(self) -> bool:
        """Whether this serves real people and real money."""
        return self.environment == "production"

    @property
    def _sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sandbox"

    def _or_sandbox(self, value: SecretStr | None, sandbox: str) -> str | None:
        if value is not None:
            return value.get_secret_value()
        return sandbox if not self.is_production else None

    @property
    def stripe_url(self) -> str:
        """Base address of the Stripe API, or of the sandbox."""
        default = REAL_STRIPE_API_URL if self.is_production else f"{self._sandbox_url}/stripe"
        return (self.stripe_api_url or default).rstrip("/")

    @property
    def stripe_key(self) -> str | None:
        """Stripe's secret key; None when Stripe is not configured."""
        return self._or_sandbox(self.stripe_secret_key, SANDBOX_STRIPE_KEY)

    @property
    def stripe_webhook_secrets(self) -> list[str]:
        """Secrets of Stripe's webhooks, newest first; several during a rotation."""
        return _several(self._or_sandbox(self.stripe_webhook_secret, SANDBOX_STRIPE_WEBHOOK_SECRET))

    @property
    def razorpay_url(self) -> str:
        """Base address of the Razorpay API, or of the sandbox."""
        default = REAL_RAZORPAY_API_URL if self.is_production else f"{self._sandbox_url}/razorpay"
        return (self.razorpay_api_url or default).rstrip("/")

    @property
    def razorpay_key(self) -> tuple[str, str] | None:
        """Razorpay's key id and its secret; None when Razorpay is not configured."""
        id_ = self.razorpay_key_id or ("" if self.is_production else SANDBOX_RAZORPAY_KEY_ID)
        secret = self._or_sandbox(self.razorpay_key_secret, SANDBOX_RAZORPAY_KEY_SECRET)
        return (id_, secret) if id_ and secret else None

    @property
    def razorpay_webhook_secrets(self) -> list[str]:
        """Secrets of Razorpay's webhooks, newest first; several during a rotation."""
        return _several(
            self._or_sandbox(self.razorpay_webhook_secret, SANDBOX_RAZORPAY_WEBHOOK_SECRET)
        )

    @property
    def stripe_is_live(self) -> bool:
        """Whether Stripe's key moves real money; without one, whether its events must be of such a key."""
        key = self.stripe_key
        return self.is_production if key is None else key.startswith(("sk_live_", "rk_live_"))

    @property
    def razorpay_is_live(self) -> bool:
        """Whether Razorpay's key moves real money; without one, whether its events must be of such a key."""
        key = self.razorpay_key
        return self.is_production if key is None else key[0].startswith("rzp_live_")

    @property
    def _keys_of_the_seller(self) -> list[tuple[str, object, str]]:
        """Return what the selected provider needs: name, value, and what can't be done without it."""
        no_sale, no_proof = "no lead can be sold", "no payment can be confirmed"
        if self.payment_provider == "razorpay":
            return [
                ("RAZORPAY_KEY_ID", self.razorpay_key_id, no_sale),
                ("RAZORPAY_KEY_SECRET", self.razorpay_key_secret, no_sale),
                ("RAZORPAY_WEBHOOK_SECRET", self.razorpay_webhook_secret, no_proof),
            ]
        return [
            ("STRIPE_SECRET_KEY", self.stripe_secret_key, no_sale),
            ("STRIPE_WEBHOOK_SECRET", self.stripe_webhook_secret, no_proof),
        ]


def _several(joined: str | None) -> list[str]:
    return [secret for secret in (joined or "").replace(",", " ").split() if secret]
