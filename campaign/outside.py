"""The sandbox in a process of its own, with short waits: `python -m campaign.outside <port> <product>`."""

import sys
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from app.core.settings import SANDBOX_AVAILABILITY_FLOW_ID
from app.providers.whatsapp import flows, templates
from sandbox import SandboxConfig, create_sandbox

HANG_SECONDS = 3.0
"""How long an answer that never comes is waited for, where the platforms may take half a minute."""

LONGEST_RETRY_SECONDS = 3.0
"""A webhook that was refused comes again so soon; the platforms wait for hours at last."""

_KEEP_ALIVE_SECONDS: Final = 120
"""Longer than a client keeps a connection: it must not be closed just when somebody uses it again."""


def main() -> None:
    """Serve the stand-ins for WhatsApp and Stripe until stopped; nothing here is ever killed."""
    port, product = sys.argv[1:]
    sandbox = create_sandbox(
        SandboxConfig(
            journal=Path("sandbox.db"),
            public_url=f"http://127.0.0.1:{port}",
            whatsapp_webhook_url=f"{product}/api/webhooks/whatsapp",
            stripe_webhook_url=f"{product}/api/webhooks/stripe",
            throughput_per_second=1_000,
            hang_seconds=HANG_SECONDS,
            retry_longest_seconds=LONGEST_RETRY_SECONDS,
            templates=tuple(templates.definitions()),
            flows=({"id": SANDBOX_AVAILABILITY_FLOW_ID, **flows.definition()},),
        )
    )
    served = Starlette(
        routes=[Mount("/sandbox", app=sandbox)], lifespan=lambda _: sandbox.running()
    )
    uvicorn.run(
        served,
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_level="warning",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
