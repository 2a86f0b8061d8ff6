"""What is left out before the router is asked leaves out no route, and answers as the router would."""

import re

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from app.api.application import Application
from app.core.settings import Settings
from app.main import create_app

SETTINGS = Settings(_env_file=None, environment="test")
APP = create_app(SETTINGS)


def client(app: FastAPI = APP) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://localhost", follow_redirects=False
    )


async def test_every_route_is_found_and_with_a_slash_more_or_less_too() -> None:
    paths = [re.sub(r"\{[^}]*\}", "x", r.path) for r in APP.routes if isinstance(r, Route)]
    assert len(paths) > 100
    async with client() as asking:
        for path in paths:
            assert (await asking.options(path)).status_code == 204, path
            other = path.rstrip("/") if path.endswith("/") else f"{path}/"
            if other:
                assert (await asking.options(other)).status_code in {204, 307}, other


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/api/employers/jobs/?limit=2&q=%26", "/api/employers/jobs?limit=2&q=%26"),
        ("/signup/", "/signup"),
        ("/sandbox", "/sandbox/"),
    ],
)
async def test_another_slash_leads_to_the_path_on_whatever_host_was_named(
    asked: str, led_to: str
) -> None:
    async with client() as asking:
        answer = await asking.get(asked, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, led_to)


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/signup/", "/\\evil.example/"])
async def test_two_slashes_in_front_lead_nowhere_else(path: str) -> None:
    async with client() as asking:
        answer = await asking.get(httpx.URL("http://localhost", raw_path=path.encode()))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path", ["/nope", "/api", "/api/", "/api/nothing/here", "/api/Auth/me", "/%00"]
)
async def test_what_no_route_serves_is_not_found(path: str) -> None:
    async with client() as asking:
        answer = await asking.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_what_is_mounted_and_what_a_proxy_puts_before_paths_is_served() -> None:
    async def here(request: object) -> PlainTextResponse:
        return PlainTextResponse("here")

    inner = Starlette(routes=[Route("/deep/{name}", here)])
    app = Application(routes=[Mount("/part", inner), Route("/alone", here)])
    async with client(app) as asking:
        assert (await asking.get("/part/deep/x")).text == "here"
        assert (await asking.get("/elsewhere")).status_code == 404
    behind = httpx.ASGITransport(app=app, root_path="/behind")
    async with httpx.AsyncClient(transport=behind, base_url="http://localhost") as asking:
        assert (await asking.get("/behind/alone")).text == "here"
