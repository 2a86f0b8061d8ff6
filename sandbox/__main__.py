"""`python -m sandbox`: the stand-ins and the phones alone, for a product that runs elsewhere."""

import argparse
import os
import socket
import sqlite3
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from sandbox import SandboxConfig, create_sandbox

PRODUCT_URL = "http://localhost:8000"
WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, never bound to from here

ENVIRONMENT = """\
read from the environment, as the product reads them (what is unset is the development value):
  WHATSAPP_API_TOKEN, WHATSAPP_APP_SECRET, WHATSAPP_PHONE_NUMBER_ID,
  WHATSAPP_BUSINESS_ACCOUNT_ID, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET,
  RAZORPAY_KEY_ID, RAZORPAY_KEY_SECRET, RAZORPAY_WEBHOOK_SECRET,
  INTERPRETER_KEY
                                 what both sides have to agree on
  PUBLIC_URL                     where the product is, unless --product says so
  SANDBOX_JOURNAL                where the world is kept, unless --journal says so
  SANDBOX_PUBLIC_URL             where browsers find this sandbox
  SANDBOX_WHATSAPP_WEBHOOK_URL, SANDBOX_STRIPE_WEBHOOK_URL, SANDBOX_RAZORPAY_WEBHOOK_URL
                                 other webhooks than those of the product
  SANDBOX_LIMITS                 off: no throughput and pair limits
"""


def main() -> None:
    """Serve at the same paths as when mounted, so that the same addresses work."""
    arguments = _parser().parse_args()
    address = f"http://{'localhost' if arguments.host in WILDCARDS else arguments.host}"
    address += f":{arguments.port}"
    product = arguments.product or os.environ.get("PUBLIC_URL") or PRODUCT_URL
    overrides: dict[str, Any] = {"product_url": product}
    if arguments.journal:
        overrides["journal"] = arguments.journal
    if not os.environ.get("SANDBOX_PUBLIC_URL"):
        overrides["public_url"] = address
    environ = {**os.environ, "PUBLIC_URL": product}
    try:
        config = SandboxConfig.from_environment(environ, **overrides)
        sandbox = create_sandbox(config)
    except ValueError as error:
        raise SystemExit(f"The sandbox can't start: {error}.") from None
    try:
        sandbox.store.db.execute("SELECT 1 FROM settings")
        sandbox.store.close()
    except (OSError, sqlite3.Error) as error:
        raise SystemExit(f"The world can't be kept in {config.journal}: {error}.") from None
    _check_port(arguments.host, arguments.port)

    async def home(_: Request) -> RedirectResponse:
        return RedirectResponse(f"{config.mount_path}/")

    routes: list[Route | Mount] = [Mount(config.mount_path, app=sandbox)]
    if config.mount_path:
        routes.insert(0, Route("/", home))
    server = Starlette(routes=routes, lifespan=lambda _: sandbox.running())
    print(_welcome(config, product), flush=True)
    uvicorn.run(
        server, host=arguments.host, port=arguments.port, access_log=False, log_level="warning"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="WhatsApp, Stripe, Razorpay and the phones in the browser, played on this machine.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8101, help="to listen on (%(default)s)")
    parser.add_argument("--product", metavar="URL", help=f"where the product is ({PRODUCT_URL})")
    parser.add_argument("--journal", metavar="FILE", type=Path, help="the world (sandbox.db)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is from 1 to 65535")
    return port


def _check_port(host: str, port: int) -> None:
    """Raises SystemExit with one sentence where somebody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SystemExit(
                f"Port {port} of {host} can't be used ({error.strerror}): stop what listens there,"
                f" or choose another, such as --port {port + 1}."
            ) from None


def _welcome(config: SandboxConfig, product: str) -> str:
    return f"""\
The phones: {config.url("/")}   (Ctrl-C stops)
Webhooks go to the product at {product}. Start it with
  SANDBOX=off WHATSAPP_API_URL={config.url("/whatsapp")} \\
    STRIPE_API_URL={config.url("/stripe")} RAZORPAY_API_URL={config.url("/razorpay")} \\
    python -m app serve
and give it its message templates, once: the same WHATSAPP_API_URL=… with
  python -m app templates register"""


if __name__ == "__main__":
    main()
