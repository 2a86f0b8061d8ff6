"""A channel and a payment provider are added in the files that CONTRIBUTING names, and in no other."""

import re

import pytest

from app.core.settings import Settings
from app.providers.wiring import build_payment_events
from tests.architecture.source import ROOT, python_files

SMS_FILES = {
    "app/core/production.py",
    "app/core/settings.py",
    "app/messaging/models.py",
    "app/messaging/outbox/costs.py",
    "app/messaging/outbox/enqueue.py",
    "app/providers/sms.py",
    "app/providers/wiring.py",
    "app/runtime.py",
}
"""Its settings, its name, what it costs, who is written to by it, the channel, where it is wired."""


def provider_files(name: str) -> set[str]:
    """Its webhook's address, its settings, the sandbox's stand-in, the provider, where it is wired."""
    return {
        "app/api/webhooks/payments.py",
        "app/core/payment_settings.py",
        "app/core/production.py",
        "app/core/settings.py",
        "app/main.py",
        f"app/providers/{name}/client.py",
        f"app/providers/{name}/webhook.py",
        "app/providers/wiring.py",
    }


OF_ONE = {
    "stripe": {
        "app/core/logging.py",
        "app/payments/provider.py",
        "app/providers/stripe/movements.py",
    },
    "razorpay": {"app/providers/razorpay/objects.py"},
}
"""Stripe's SDK has a logger, and rows from before there were two are Stripe's; objects that need a file."""


def _files_that_name(pattern: str) -> set[str]:
    named = re.compile(pattern)
    return {source.name for source in python_files("app") if named.search(source.text)}


def test_sms_is_named_where_contributing_says() -> None:
    assert _files_that_name(r"\bSMS\b = |Channel\.SMS|sms_url|providers\.sms") == SMS_FILES


@pytest.mark.parametrize("name", OF_ONE)
def test_a_payment_provider_is_named_where_contributing_says(name: str) -> None:
    found = _files_that_name(
        rf"providers\.{name}|{name}_|\"{name}\"|^import {name}|\nimport {name}"
    )
    assert found == provider_files(name) | OF_ONE[name]


def test_sending_asks_a_channel_for_its_policy_not_for_its_name() -> None:
    rooms = ("delivery", "record_results", "rate_limiter", "messaging_limits", "template_quota")
    for room in (*rooms, "channel_health", "statuses", "templates"):
        text = (ROOT / f"app/messaging/outbox/{room}.py").read_text(encoding="utf-8")
        assert not re.search(r"Channel\.[A-Z]|\"(whatsapp|sms|email)\"", text), room


def test_a_provider_and_its_events_have_one_name() -> None:
    settings = Settings(_env_file=None, environment="test")
    assert set(OF_ONE) <= set(build_payment_events(settings))


def test_contributing_names_these_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    currencies = "app/providers/<name>/currencies.py"
    for name in SMS_FILES | provider_files("<name>") | {currencies}:
        assert f"`{re.sub(r'/sms[.]py$', '/<name>.py', name)}`" in text, name
