"""A channel and a payment provider are added in the files that CONTRIBUTING names, and in no other."""

import re

from app.payments.provider import PROVIDER
from app.providers.stripe.webhook import StripeEvents
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
STRIPE_FILES = {
    "app/api/webhooks/stripe.py",
    "app/core/logging.py",
    "app/core/production.py",
    "app/core/settings.py",
    "app/main.py",
    "app/payments/provider.py",
    "app/providers/stripe/client.py",
    "app/providers/stripe/webhook.py",
    "app/providers/wiring.py",
}
"""Its webhook's address, its settings, the sandbox's stand-in, its name, the provider, where it is wired."""


def _files_that_name(pattern: str) -> set[str]:
    named = re.compile(pattern)
    return {source.name for source in python_files("app") if named.search(source.text)}


def test_sms_is_named_where_contributing_says() -> None:
    assert _files_that_name(r"\bSMS\b = |Channel\.SMS|sms_url|providers\.sms") == SMS_FILES


def test_stripe_is_named_where_contributing_says() -> None:
    found = _files_that_name(r"providers\.stripe|stripe_|\"stripe\"|^import stripe|\nimport stripe")
    assert found == STRIPE_FILES


def test_sending_asks_a_channel_for_its_policy_not_for_its_name() -> None:
    rooms = ("delivery", "record_results", "rate_limiter", "messaging_limits", "template_quota")
    for room in (*rooms, "channel_health", "statuses", "templates"):
        text = (ROOT / f"app/messaging/outbox/{room}.py").read_text(encoding="utf-8")
        assert not re.search(r"Channel\.[A-Z]|\"(whatsapp|sms|email)\"", text), room


def test_the_providers_name_is_that_of_its_events() -> None:
    assert StripeEvents.name == PROVIDER


def test_contributing_names_these_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in SMS_FILES | STRIPE_FILES:
        generic = re.sub(r"/sms\.py$|(?<=webhooks)/stripe\.py$", "/<name>.py", name)
        assert f"`{generic.replace('/stripe/', '/<name>/')}`" in text, name
