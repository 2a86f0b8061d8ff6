"""The demonstration step by step: a job, the workers found, the offer, the answer, the payment."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from app.core.geo import Point, haversine_km
from app.core.ids import new_id
from app.core.settings import load_settings
from app.demo import city, fill, show
from app.demo.city import Citizen, Company
from app.demo.client import PATIENCE_SECONDS, DemoFailed, Json, Server
from app.runtime import wall_clock

JOBS: Final = 50
INDIA: Final = ZoneInfo("Asia/Kolkata")
_CITY: Final = 0
"""The run of the city; it is filled once and reused afterwards."""
_WAITING_IN: Final = "Delhi"
"""Where people ask for somebody of the team: far from the story, whose people answer the bot."""
_WAITING: Final = 2
_BLUR_KM: Final = 0.7
"""Largest difference between a distance that employers see and the true one."""


def play(*, base_url: str | None, as_json: bool, workers: int) -> int:
    """Fill the server's city if it is empty, and play the story; return the exit code.

    With `as_json` it prints only one JSON object of what happened.
    """
    console = Console(stderr=as_json, quiet=False)
    settings = load_settings()
    url = (base_url or settings.public_url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    try:
        result = asyncio.run(_play(url, console, workers))
    except DemoFailed as error:
        console.print(f"[red]{error}[/red]")
        return 1
    except ExceptionGroup as group:
        console.print(f"[red]{_first(group)}[/red]")
        return 1
    if as_json:
        print(json.dumps(result, ensure_ascii=False, indent=2))
    return 0


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first real error of a group."""
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


async def _play(url: str, console: Console, workers: int) -> Json:
    limits = httpx.Limits(max_connections=fill.AT_ONCE + 8)
    timeout = httpx.Timeout(PATIENCE_SECONDS * 2)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=timeout) as http:
        server = Server(http)
        started = time.perf_counter()
        await server.require_sandbox()
        citizens = city.workers(workers, _CITY)
        filled = await _fill(server, console, citizens)
        story = await _Story(server, console, citizens).play()
        seconds = round(time.perf_counter() - started, 1)
        return {"server": url, "seconds": seconds, "city": filled, "story": story}


async def _fill(server: Server, console: Console, citizens: Sequence[Citizen]) -> Json:
    """Register the city unless it is there; return what that took."""
    companies = city.companies(JOBS, _CITY, wall_clock().astimezone(INDIA).date())
    counts: Json = {"workers": len(citizens), "jobs": JOBS, "registered_now": 0, "seconds": 0.0}
    if await fill.is_filled(server, companies[-1]):
        console.print("The city is there already; straight to the story.\n")
        return counts
    started = time.perf_counter()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        people = progress.add_task("Workers register by phone", total=len(citizens))
        await fill.sign_up(server, citizens, _stepper(progress, people))
        signed_up = time.perf_counter()
        vacancies = progress.add_task("Employers publish jobs  ", total=JOBS)
        await fill.open_shop(server, companies, _stepper(progress, vacancies))
    elsewhere = [each for each in citizens if each.body["city"] == _WAITING_IN]
    await fill.leave_for_the_team(server, companies[-1], elsewhere[:_WAITING])
    seconds = time.perf_counter() - started
    counts |= {
        "registered_now": len(citizens),
        "seconds": round(seconds, 1),
        "registering_seconds": round(signed_up - started, 1),
        "requests": server.requests,
    }
    return counts


def _stepper(progress: Progress, number: TaskID) -> Callable[[], None]:
    """Return the function that advances a bar; without a terminal it prints a line each tenth."""
    task = progress.tasks[number]
    tenth = max(1, int(task.total or 0) // 10)

    def step() -> None:
        progress.advance(number)
        if not progress.console.is_terminal and task.completed % tenth == 0:
            progress.console.print(
                f"{task.description.strip()}: {task.completed:.0f} of {task.total:.0f}"
            )

    return step


class _Story:
    """The steps in order; each is shown and kept for the JSON."""

    def __init__(self, server: Server, console: Console, citizens: Sequence[Citizen]) -> None:
        self._server = server
        self._console = console
        self._citizens = citizens
        self._number = 0
        self._steps: list[Json] = []

    def _step(self, title: str, **facts: Any) -> None:
        self._number += 1
        self._steps.append({"step": self._number, "title": title, **facts})
        self._console.print()
        self._console.rule(f"[bold]{self._number}. {title}", align="left")

    async def play(self) -> Json:
        """Play every step."""
        company = self._new_company()
        token = await fill.employer(self._server, company)
        job = await self._post(token, company)
        matches = await self._matches(token, job)
        asked = await self._asked(matches, job)
        chosen = await self._messages(asked)
        await self._accept(token, job, company, chosen)
        contact = await self._pay(token, chosen)
        self._console.print()
        return {"job_id": job["id"], "contact": contact, "steps": self._steps}

    def _new_company(self) -> Company:
        first = city.companies(1, _CITY, wall_clock().astimezone(INDIA).date())[0]
        tag = new_id().hex
        number = int(tag, 16) % 90_000_000
        body = first.body | {
            "email": f"story-{tag}@example.com",
            "phone": f"+9190{number + 10_000_000:08d}",
        }
        return Company(body, first.address, first.jobs)

    async def _post(self, token: str, company: Company) -> Json:
        made = await self._server.call("POST", "/api/employers/jobs", company.jobs[0], token=token)
        path = f"/api/employers/jobs/{made['id']}/publish"
        job = await self._server.call("POST", path, token=token)
        self._step(
            "An employer publishes a job", job={k: v for k, v in job.items() if k != "_status"}
        )
        self._console.print(show.job(job, company.body["company_name"]))
        return job

    async def _matches(self, token: str, job: Json) -> list[Json]:
        path = f"/api/employers/jobs/{job['id']}/matches"
        matches: list[Json] = (await self._server.call("GET", path, token=token))["items"]
        if not matches:
            raise DemoFailed(
                "Nobody in the city fits the job any more: start with an empty database "
                "(stop the server, remove partimer.db and sandbox.db, start again)."
            )
        self._step("Partimer finds the people who fit, and asks the best", matches=matches)
        self._console.print(show.city_map(self._near(job), job, matches))
        self._console.print(show.scores(matches))
        return matches

    def _near(self, job: Json) -> list[tuple[float, float, bool]]:
        """Return the workers around the job: km east, km north, and whether they fit."""
        spot = job["location"]
        here = Point(spot["latitude"], spot["longitude"])
        found = []
        for citizen in self._citizens:
            at = citizen.body["location"]
            there = Point(at["latitude"], at["longitude"])
            distance = haversine_km(here, there)
            if distance > show.MAP_KM:
                continue
            east = haversine_km(here, Point(here.latitude, there.longitude))
            north = haversine_km(here, Point(there.latitude, here.longitude))
            able = set(job["required_skills"]) <= set(citizen.body["skills"])
            found.append(
                (
                    east if there.longitude > here.longitude else -east,
                    north if there.latitude > here.latitude else -north,
                    able and distance <= citizen.body["max_distance_km"],
                )
            )
        return found

    async def _asked(self, matches: list[Json], job: Json) -> list[tuple[Json, Citizen, Json]]:
        """Return each match with its worker and the message they got.

        The API hides who a worker is, so this looks for the phone that has the button of this offer.
        """
        found = [
            (match, *asked)
            for match in matches
            if (asked := await self._offered(match, self._might_be(match, job)))
        ]
        if not found:
            raise DemoFailed("The offers were not delivered: is the background work running?")
        return found

    def _might_be(self, match: Json, job: Json) -> list[Citizen]:
        spot = job["location"]
        here = Point(spot["latitude"], spot["longitude"])
        worker = match["worker"]
        return [
            citizen
            for citizen in self._citizens
            if set(citizen.body["skills"]) == set(worker["skills"])
            and citizen.body["experience_years"] == worker["experience_years"]
            and abs(_km(here, citizen) - match["distance_km"]) < _BLUR_KM
        ]

    async def _offered(self, match: Json, citizens: list[Citizen]) -> tuple[Citizen, Json] | None:
        """Return the worker whose phone got this offer, and the message; waits for it."""
        button = f"offer:{match['id']}:accept"
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            for citizen in citizens:
                for item in await self._server.messages(citizen.body["phone"]):
                    if any(b["id"] == button for b in item["buttons"]):
                        return citizen, item
            await asyncio.sleep(0.2)
        return None

    async def _messages(
        self, asked: list[tuple[Json, Citizen, Json]]
    ) -> tuple[Json, Citizen, Json]:
        offers = [
            {"phone": c.body["phone"], "language": c.body["language"], "text": m["text"]}
            for _, c, m in asked
        ]
        self._step("The offer, as the workers read it in WhatsApp", offers=offers)
        shown: set[str] = set()
        for _, citizen, message in asked:
            if citizen.body["language"] not in shown:
                shown.add(citizen.body["language"])
                self._console.print(show.bubble(citizen.body["name"], message))
        return asked[0]

    async def _accept(
        self, token: str, job: Json, company: Company, chosen: tuple[Json, Citizen, Json]
    ) -> None:
        match, citizen, _ = chosen
        phone = citizen.body["phone"]
        before = len(await self._server.messages(phone))
        await self._server.tap(phone, f"offer:{match['id']}:accept")
        reply = await self._server.message_with(phone, ":withdraw", after=before)
        notice = await self._server.message_with(company.body["phone"], job["title"])
        path = f"/api/employers/jobs/{job['id']}/matches?status=accepted"
        accepted = (await self._server.call("GET", path, token=token))["items"]
        hidden = accepted[0]["contact"] if accepted else None
        if not accepted or hidden is not None:
            raise DemoFailed("The acceptance did not reach the employer as it should.")
        self._step(
            "The best one taps Accept; the employer hears of it",
            reply=reply["text"],
            notice=notice["text"],
            contact_before_payment=hidden,
        )
        self._console.print(show.bubble(citizen.body["name"], reply, said="Accept"))
        self._console.print(show.bubble(company.body["company_name"], notice))
        self._console.print("What the employer's list shows as contact now: [bold]nothing[/bold]\n")

    async def _pay(self, token: str, chosen: tuple[Json, Citizen, Json]) -> Json:
        match, citizen, _ = chosen
        path = f"/api/employers/matches/{match['id']}/unlock"
        pending = await self._server.call("POST", path, token=token, expect=(202,))
        await self._server.pay(pending["checkout_url"])
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while True:
            answer = await self._server.call("POST", path, token=token)
            if answer["_status"] == 200:
                break
            if time.perf_counter() > deadline:
                raise DemoFailed("The payment was not confirmed: is the background work running?")
            await asyncio.sleep(0.2)
        contact: Json = answer["contact"]
        if contact["phone"] != citizen.body["phone"]:
            raise DemoFailed("The contact that was unlocked is not the worker who accepted.")
        told = await self._server.message_with(citizen.body["phone"], "contact:")
        self._step(
            "The employer pays once, and has the contact for good",
            price=pending["price"],
            checkout_url=pending["checkout_url"],
            contact=contact,
            worker_told=told["text"],
        )
        self._console.print(show.receipt(pending["price"], contact))
        self._console.print(show.bubble(citizen.body["name"], told))
        return contact


def _km(here: Point, citizen: Citizen) -> float:
    at = citizen.body["location"]
    return haversine_km(here, Point(at["latitude"], at["longitude"]))
