"""The sandbox: stand-ins for the WhatsApp Cloud API and for Stripe, and a phone in the browser.

A program of its own: it shares no code with the product, so that the product is tried against
something that does not share its mistakes. `create_sandbox(SandboxConfig(...))` gives the ASGI
application; `python -m sandbox` serves it alone.
"""

from sandbox.application import Sandbox, create_sandbox
from sandbox.config import SandboxConfig

__all__ = ["Sandbox", "SandboxConfig", "create_sandbox"]
