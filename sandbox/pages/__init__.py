"""The sandbox's pages: the phones in the browser, and where to pay."""

from starlette.routing import BaseRoute

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.pages.checkout import CheckoutPage
from sandbox.pages.phones import PhonesPage
from sandbox.pages.upi import LinkPage
from sandbox.store import Store


def routes(config: SandboxConfig, store: Store, deliverer: Deliverer) -> list[BaseRoute]:
    """All pages and what they load."""
    return [
        *CheckoutPage(config, store, deliverer).routes(),
        *LinkPage(config, store, deliverer).routes(),
        *PhonesPage(config, store).routes(),
    ]
