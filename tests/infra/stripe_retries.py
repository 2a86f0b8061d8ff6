"""Stripe's own client tries again after a moment; here it tries at once.

Half a second, then one: the wait is the library's, and whether it is long enough is not what tests of
ours can tell. That it tries again, and how often, is as in production.
"""

from stripe import HTTPClient


def retry_at_once() -> None:
    """Let Stripe's client wait for nothing before it tries again, in this process only."""
    HTTPClient.INITIAL_DELAY = HTTPClient.MAX_DELAY = 0
