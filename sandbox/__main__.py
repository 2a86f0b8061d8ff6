"""`python -m sandbox --port N`: the sandbox alone, configured by the environment."""

import argparse
import os
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route

from sandbox import SandboxConfig, create_sandbox

PRODUCT_URL = "http://localhost:8000"


def main() -> None:
    """Serve at the same paths as when mounted, so that the same addresses work."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8101)
    arguments = parser.parse_args()
    address = f"http://{arguments.host}:{arguments.port}"
    # The product is elsewhere: at PUBLIC_URL, or where it runs by default.
    overrides: dict[str, Any] = {"product_url": os.environ.get("PUBLIC_URL") or PRODUCT_URL}
    if not os.environ.get("SANDBOX_PUBLIC_URL"):
        overrides["public_url"] = address
    config = SandboxConfig.from_environment(**overrides)
    sandbox = create_sandbox(config)

    async def home(_: Request) -> RedirectResponse:
        return RedirectResponse(f"{config.mount_path}/")

    routes: list[Route | Mount] = [Mount(config.mount_path, app=sandbox)]
    if config.mount_path:
        routes.insert(0, Route("/", home))
    server = Starlette(routes=routes, lifespan=lambda _: sandbox.running())
    uvicorn.run(server, host=arguments.host, port=arguments.port, access_log=False)


if __name__ == "__main__":
    main()
