"""A secret that can be guessed starts no production; one that was drawn at random always does."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.core.payment_settings import (
    SANDBOX_RAZORPAY_KEY_SECRET,
    SANDBOX_RAZORPAY_WEBHOOK_SECRET,
    SANDBOX_STRIPE_WEBHOOK_SECRET,
)
from app.core.secret_strength import SHARED_BITS, SIGNING_BITS, bits
from app.core.settings import (
    DEVELOPMENT_SECRET,
    SANDBOX_APP_SECRET,
    SANDBOX_VERIFY_TOKEN,
    Settings,
)

STRONG = "q8Zt3vK0pXw7Rj5LhN2bYc9MdF4sGa6TeU1oViBm"
GOOD = {
    "secret_key": STRONG,
    "public_url": "https://partimer.example",
    "whatsapp_api_token": "EAAGm0PX4ZCpsBAKZC8Q2n7hVd0",
    "whatsapp_phone_number_id": "106540352242922",
    "whatsapp_app_secret": "8e30af72b50f09df6a08b9a47b412c34",
    "whatsapp_verify_token": "f3b9c07d21e84a56",
    "stripe_secret_key": "sk_live_51Nq8ZrKb2TgVhXwYc7PdMfLs",
    "stripe_webhook_secret": "whsec_9fKq2LmTzXw7RbVc4HnPd8",
    "razorpay_key_id": "rzp_live_Qb2gHrKr01Maky",
    "razorpay_key_secret": "w7RbVc4HnPd89fKq2LmTzX",
    "razorpay_webhook_secret": "f3b9c07d21e84a56b8",
}


def problems(**changes: str) -> list[str]:
    """What forbids the start of a production that is fine but for `changes`."""
    values: dict[str, Any] = {
        name: SecretStr(value)
        if "SecretStr" in str(Settings.model_fields[name].annotation)
        else value
        for name, value in (GOOD | changes).items()
    }
    return Settings(_env_file=None, environment="production", **values).problems()


GUESSABLE = {
    "the default": DEVELOPMENT_SECRET,
    "the default and a sign": DEVELOPMENT_SECRET + "x",
    "a sign and the default": "!" + DEVELOPMENT_SECRET,
    "the default twice": DEVELOPMENT_SECRET * 2,
    "the default in capitals": DEVELOPMENT_SECRET.upper(),
    "the default backwards": DEVELOPMENT_SECRET[::-1],
    "the default in l33t": DEVELOPMENT_SECRET.replace("e", "3").replace("o", "0"),
    "the default cut short": DEVELOPMENT_SECRET[:-1],
    "the default without hyphens": DEVELOPMENT_SECRET.replace("-", ""),
    "another sample": SANDBOX_APP_SECRET + SANDBOX_VERIFY_TOKEN,
    "one sign": "a" * 64,
    "two signs": "ab" * 32,
    "a pattern": "0123456789abcdef" * 4,
    "a longer pattern": "Kq7!vX2z" * 6,
    "a sequence": "abcdefghijklmnopqrstuvwxyz0123456789",
    "a row of keys": "qwertyuiopasdfghjklzxcvbnm1234567890",
    "a word again and again": "changeme" * 6,
    "a password again and again": "P@ssw0rd" * 5,
    "a sentence": "my dog ate the homework last tuesday night",
    "a sentence and a year": "super secret key for jwt signing 2026!!",
    "too short": "q8Zt3vK0pXw7Rj5LhN2bYc9MdF4sGa6",
}


@pytest.mark.parametrize("how", GUESSABLE)
def test_production_refuses_a_signing_secret_that_can_be_guessed(how: str) -> None:
    weak = GUESSABLE[how]
    for name in ("secret_key", "data_key"):
        [problem] = problems(**{name: weak})
        assert problem.startswith(name.upper())
        assert weak not in problem
    [problem] = problems(secret_keys_previous=f"{STRONG[::-1]} {weak.split()[0]}")
    assert problem.startswith("SECRET_KEYS_PREVIOUS")


@pytest.mark.parametrize(
    ("name", "weak"),
    [
        ("whatsapp_verify_token", SANDBOX_VERIFY_TOKEN),
        ("whatsapp_verify_token", SANDBOX_VERIFY_TOKEN + "1"),
        ("whatsapp_verify_token", "verify-me"),
        ("whatsapp_verify_token", "hello-world"),
        ("whatsapp_verify_token", "partimer-webhook-token"),
        ("whatsapp_app_secret", SANDBOX_APP_SECRET + "!"),
        ("whatsapp_app_secret", "0" * 32),
        ("whatsapp_app_secret", f"8e30af72b50f09df6a08b9a47b412c34,{SANDBOX_APP_SECRET}"),
        ("whatsapp_api_token", "token"),
        ("stripe_webhook_secret", SANDBOX_STRIPE_WEBHOOK_SECRET),
        ("stripe_webhook_secret", "whsec_test"),
        ("stripe_secret_key", "sk_live_x"),
        ("stripe_secret_key", "sk_test_51Nq8ZrKb2TgVhXwYc7PdMfLs"),
        ("stripe_secret_key", "rk_test_51Nq8ZrKb2TgVhXwYc7PdMfLs"),
        ("razorpay_key_id", "rzp_test_Qb2gHrKr01Maky"),
        ("razorpay_key_id", "rzp_live_x"),
        ("razorpay_key_secret", SANDBOX_RAZORPAY_KEY_SECRET),
        ("razorpay_webhook_secret", SANDBOX_RAZORPAY_WEBHOOK_SECRET),
        ("razorpay_webhook_secret", "razorpay"),
        ("razorpay_api_url", "https://localhost:8000"),
        ("metrics_token", "metrics"),
        ("database_url", "postgresql://partimer:PASSWORD@database/partimer"),
        ("public_url", "http://partimer.example"),
        ("public_url", "https://"),
        ("whatsapp_api_url", "https://partimer.example/sandbox/whatsapp"),
        ("whatsapp_api_url", "https://127.0.0.1/graph"),
        ("whatsapp_api_url", "http://graph.facebook.com"),
        ("stripe_api_url", "https://localhost:8000"),
        ("stripe_api_url", "https://10.0.0.5"),
        ("rate_limits", "off"),
        ("log_level", "debug"),
        ("sandbox", "public"),
    ],
)
def test_production_refuses_what_is_of_examples_or_tests(name: str, weak: str) -> None:
    [problem] = problems(**{name: weak})
    assert problem.startswith(name.upper())
    assert problem.endswith(".")
    assert len(weak) < 10 or weak not in problem


def test_production_starts_with_secrets_drawn_at_random() -> None:
    assert problems() == []
    assert problems(data_key=f"{STRONG[::-1]} {STRONG}", metrics_token="f3b9c07d21e84a56") == []


def test_half_a_key_of_razorpay_is_none() -> None:
    whole = {name: value for name, value in GOOD.items() if name.startswith("razorpay")}
    for name in whole:
        [problem] = problems(**{name: ""})
        assert problem.startswith(f"{name.upper()} is missing")
    assert problems(**dict.fromkeys(whole, "")) == []


def test_who_sells_by_razorpay_is_told_what_that_needs() -> None:
    settings = Settings(_env_file=None, environment="production", payment_provider="razorpay")
    told = " ".join(settings.missing())
    assert "RAZORPAY_KEY_ID is missing: no lead can be sold." in told
    assert "RAZORPAY_WEBHOOK_SECRET is missing: no payment can be confirmed." in told
    assert "STRIPE" not in told


def test_everything_that_is_wrong_is_named_at_once() -> None:
    found = problems(
        secret_key=DEVELOPMENT_SECRET + "x",
        whatsapp_verify_token="verify-me",
        stripe_secret_key="sk_test_51Nq8ZrKb2TgVhXwYc7PdMfLs",
        public_url="http://partimer.example",
        stripe_api_url="https://localhost/sandbox/stripe",
    )
    assert {problem.split()[0] for problem in found} == {
        *("SECRET_KEY", "WHATSAPP_VERIFY_TOKEN", "STRIPE_SECRET_KEY", "PUBLIC_URL"),
        "STRIPE_API_URL",
    }


@given(st.binary(min_size=24, max_size=64))
def test_random_bytes_are_strong_in_every_spelling(drawn: bytes) -> None:
    if len(set(drawn)) < 20:
        return  # Hypothesis likes zeros; nobody who draws 24 bytes gets five of one kind
    for spelled in (base64.b64encode(drawn).decode(), base64.urlsafe_b64encode(drawn).decode()):
        assert bits(spelled) >= SIGNING_BITS


@given(st.text(max_size=600))
def test_no_text_is_too_odd_to_judge(text: str) -> None:
    assert 0 <= bits(text, [DEVELOPMENT_SECRET]) < 600 * 10
    assert bits(DEVELOPMENT_SECRET, [DEVELOPMENT_SECRET]) < SHARED_BITS
