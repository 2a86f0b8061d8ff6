"""Create the city's workers and jobs through the public API."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from app.demo.city import DEMO_PASSWORD, Citizen, Company
from app.demo.client import Json, Server

AT_ONCE: Final = 48
"""Workers that register at the same time; more would only wait for each other."""

type Advance = Callable[[], None]


async def sign_up(server: Server, citizens: Sequence[Citizen], advance: Advance) -> None:
    """Register every citizen, prove their phone by the code they get, and set their week."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(citizen: Citizen) -> None:
        async with limit:
            await _sign_up(server, citizen)
        advance()

    async with server.reading_codes(), asyncio.TaskGroup() as group:
        for citizen in citizens:
            group.create_task(one(citizen))


async def _sign_up(server: Server, citizen: Citizen) -> None:
    at = citizen.address
    phone = citizen.body["phone"]
    await server.call("POST", "/api/auth/register/worker", citizen.body, address=at)
    body = {"role": "worker", "phone": phone, "code": await server.code_for(phone)}
    signed_in = await server.call("POST", "/api/auth/login", body, address=at)
    week = {"slots": citizen.week}
    token = signed_in["access_token"]
    await server.call("PUT", "/api/workers/availability", week, token=token, address=at)


async def open_shop(server: Server, companies: Sequence[Company], advance: Advance) -> list[Json]:
    """Register every company and publish its jobs; return the jobs."""
    found: list[Json] = []
    for company in companies:
        token = await employer(server, company)
        for job in company.jobs:
            made = await server.call("POST", "/api/employers/jobs", job, token=token)
            path = f"/api/employers/jobs/{made['id']}/publish"
            found.append(await server.call("POST", path, token=token))
            advance()
    return found


async def leave_for_the_team(server: Server, company: Company, citizens: Sequence[Citizen]) -> None:
    """Leave the console something to do: a text that waits for a decision, people who ask for somebody."""
    token = await employer(server, company)
    job = company.jobs[0] | {
        "title": "Packing from home",
        "description": "Pay a registration fee of 500 rupees before you join.",
    }
    made = await server.call("POST", "/api/employers/jobs", job, token=token)
    path = f"/api/employers/jobs/{made['id']}/publish"
    await server.call("POST", path, token=token, expect=(200, 409))
    for citizen in citizens:
        message = {"type": "text", "text": "human"}
        body = {"phone": citizen.body["phone"], "message": message}
        await server.call("POST", "/sandbox/whatsapp/_control/inbound", body)


async def employer(server: Server, company: Company) -> str:
    """Register a company unless it is there, and return its access token."""
    at = company.address
    path = "/api/auth/register/employer"
    await server.call("POST", path, company.body, address=at, expect=(201, 409))
    body = {"role": "employer", "email": company.body["email"], "password": DEMO_PASSWORD}
    token: str = (await server.call("POST", "/api/auth/login", body, address=at))["access_token"]
    return token


async def is_filled(server: Server, company: Company) -> bool:
    """Whether the last company of the city is there, and so all before it."""
    body = {"role": "employer", "email": company.body["email"], "password": DEMO_PASSWORD}
    path = "/api/auth/login"
    answer = await server.call("POST", path, body, address=company.address, expect=(200, 401))
    if answer["_status"] != 200:
        return False
    token = answer["access_token"]
    jobs = (await server.call("GET", "/api/employers/jobs", token=token))["items"]
    return len(jobs) >= len(company.jobs)
