"""Who uses the product meanwhile: workers, employers, and an administrator. Each does one thing at a time."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, Final

from campaign.journal import Outcome
from campaign.town import Json, Town

PASSWORD: Final = "correct horse battery staple"
ADMIN_EMAIL: Final = "admin@example.com"

_BANDRA: Final = {"latitude": 19.0596, "longitude": 72.8295}
_DAYS: Final = tuple("monday tuesday wednesday thursday friday saturday sunday".split())
_NAMES: Final = tuple("Asha Ravi Sunita Imran Meera Vikas Zoya Ganesh Latha Arif".split())
_HOURS: Final = (6, 8, 10, 12, 14, 16, 18, 20)

_OFFERS_OF_ONE_WORKER: Final = 30
"""Then somebody else registers: the policy lets nobody be asked more than 50 times a week."""
_JOBS_OF_ONE_EMPLOYER: Final = 8
_OPEN_JOBS: Final = 3
_GIVEN_BACK: Final = 0.25
"""Share of the contacts of which a part of the price goes back."""


class Admin:
    """Verifies employers and gives money back."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._token: str | None = None

    async def do(self, verb: str, subject: str, path: str, body: Json) -> Json:
        """Send a write, after signing in where that is needed."""
        for _ in range(3):
            if self._token is None:
                login = {"role": "admin", "email": ADMIN_EMAIL, "password": PASSWORD}
                answer = await self._town.ask("POST", "/api/auth/login", login)
                self._token = answer.body.get("access_token")
                if self._token is None:
                    await self._town.pause(1.0)
                    continue
            answer = await self._town.write(verb, subject, "POST", path, body, token=self._token)
            if answer.status != 401:
                return answer.body
            self._token = None
        return {}


class Worker:
    """Somebody looking for work, from registering to leaving."""

    def __init__(self, town: Town, number: int) -> None:
        self._town = town
        self._number = number
        self.phone = f"+9198{20_000_000 + number:08d}"
        self._token: str | None = None
        self._id = ""
        self._answered = 0
        self._accepted: list[str] = []
        self._has_week = False

    async def live(self) -> None:
        """Do one thing after the other until the campaign ends or this worker leaves."""
        while not self._town.closed.is_set() and self._answered < _OFFERS_OF_ONE_WORKER:
            if self._token is None and not await self._come_in():
                await self._town.pause(1.0)
                continue
            await self._do_something()
            await self._town.pause(0.6)

    async def _come_in(self) -> bool:
        before = len(await self._town.messages(self.phone))
        if not self._id:
            body = {
                "name": f"{self._town.luck.choice(_NAMES)} Kulkarni",
                "phone": self.phone,
                "consent": True,
                "location": _BANDRA,
                "skills": ["waiter"],
                "max_distance_km": 10,
            }
            path = "/api/auth/register/worker"
            await self._town.write("register_worker", self.phone, "POST", path, body)
        else:
            await self._town.ask("POST", "/api/auth/otp", {"phone": self.phone})
        code = await self._town.code_for(self.phone, before)
        if code is None:
            return False
        login = {"role": "worker", "phone": self.phone, "code": code}
        answer = await self._town.ask("POST", "/api/auth/login", login)
        if answer.outcome is not Outcome.ACKNOWLEDGED:
            return False
        self._token = answer.body["access_token"]
        self._town.signed_in += not self._id
        self._id = answer.body["user"]["id"]
        self._town.journal.note("sign_in_worker", self._id, Outcome.ACKNOWLEDGED, phone=self.phone)
        return True

    async def _set_week(self) -> None:
        slots = [{"weekday": day, "start": "06:00", "end": "22:00"} for day in _DAYS]
        path, body = "availability", {"slots": slots}
        outcome = await self._write("set_week", self._id, "PUT", path, body)
        self._has_week = outcome is Outcome.ACKNOWLEDGED

    async def _write(
        self, verb: str, subject: str, method: str, path: str, body: Any = None
    ) -> Outcome:
        answer = await self._town.write(
            verb, subject, method, f"/api/workers/{path}", body, token=self._token, worker=self._id
        )
        if answer.status == 401:
            self._token = None
        return answer.outcome

    async def _do_something(self) -> None:
        luck = self._town.luck.random()
        if not self._has_week:
            await self._set_week()
        elif luck < 0.70:
            await self._answer_an_offer()
        elif luck < 0.80 and self._accepted:
            await self._withdraw(self._accepted.pop())
        elif luck < 0.90:
            words = self._town.luck.choice(("hi", "help", "menu", "my offers"))
            await self._town.send("writes", self.phone, {"type": "text", "text": words})
        elif luck < 0.97:
            body = {"experience_years": self._town.luck.randrange(20)}
            await self._write("change_profile", self._id, "PUT", "profile", body)
        elif luck < 0.985:
            await self._town.send("stop", self.phone, {"type": "text", "text": "STOP"})
        elif luck < 0.99:
            await self._write("erase", self._id, "DELETE", "account")
            self._answered = _OFFERS_OF_ONE_WORKER  # whatever came of it, somebody else comes

    async def _answer_an_offer(self) -> None:
        answer = await self._town.ask(
            "GET", "/api/workers/offers?status=offered", token=self._token
        )
        if answer.status == 401:
            self._token = None
        offers = [offer["id"] for offer in answer.body.get("items", [])]
        if not offers:
            return
        offer = self._town.luck.choice(offers)
        verb = self._town.luck.choice(("accept", "accept", "accept", "reject"))
        self._answered += 1
        if self._town.luck.random() < 0.4:
            message = {"type": "button_reply", "id": f"offer:{offer}:{verb}"}
            await self._town.send(f"tap_{verb}", self.phone, message)
            return
        body = {"response": verb}
        outcome = await self._write(verb, offer, "POST", f"offers/{offer}/respond", body)
        if verb == "accept" and outcome is Outcome.ACKNOWLEDGED:
            self._accepted.append(offer)

    async def _withdraw(self, offer: str) -> None:
        await self._write("withdraw", offer, "POST", f"offers/{offer}/withdraw")


class Employer:
    """A company: posts, publishes, cancels, buys the contacts of who accepted."""

    def __init__(self, town: Town, number: int, admin: Admin) -> None:
        self._town, self._admin = town, admin
        self._number = number
        self._email = f"owner{number}@example.com"
        self._registered = False
        self._verified = False
        self._token: str | None = None
        self._id = ""
        self._open: list[str] = []
        self._posted = 0
        self._buying: dict[str, str] = {}
        """Pages that wait to be paid, by match."""

    async def live(self) -> None:
        """Do one thing after the other until the campaign ends or this company has enough."""
        while not self._town.closed.is_set() and self._posted <= _JOBS_OF_ONE_EMPLOYER:
            if self._token is None and not await self._come_in():
                await self._town.pause(1.0)
                continue
            await self._do_something()
            await self._town.pause(0.6)

    async def leave(self) -> None:
        """Cancel what is open: nobody is asked any more."""
        if self._token is None and not await self._come_in():
            return
        for job in list(self._open):
            await self._cancel(job)

    async def _come_in(self) -> bool:
        if not self._registered:
            body = {
                "company_name": f"Cafe Leopold {self._number}",
                "contact_name": "Rustom Irani",
                "email": self._email,
                "password": PASSWORD,
                "city": "Mumbai",
            }
            path = "/api/auth/register/employer"
            answer = await self._town.write("register_employer", self._email, "POST", path, body)
            self._registered = answer.status in {201, 409}
        login = {"role": "employer", "email": self._email, "password": PASSWORD}
        answer = await self._town.ask("POST", "/api/auth/login", login)
        if answer.outcome is not Outcome.ACKNOWLEDGED:
            return False
        self._token = answer.body["access_token"]
        self._town.signed_in += not self._id
        self._id = answer.body["user"]["id"]
        self._town.journal.note("sign_in_employer", self._id, Outcome.ACKNOWLEDGED)
        if not self._verified:
            path = f"/api/admin/employers/{self._id}/action"
            seen = {"action": "verify", "reason": "papers seen"}
            answered = await self._admin.do("verify", self._id, path, seen)
            self._verified = bool(answered.get("id"))
        return True

    async def _write(
        self, verb: str, subject: str, method: str, path: str, body: Any = None, **facts: Any
    ) -> Json:
        answer = await self._town.write(
            verb, subject, method, f"/api/employers/{path}", body, token=self._token, **facts
        )
        if answer.status == 401:
            self._token = None
        return answer.body | {"_outcome": answer.outcome, "_status": answer.status}

    async def _do_something(self) -> None:
        luck = self._town.luck.random()
        if len(self._open) < _OPEN_JOBS or luck < 0.1:
            await self._post()
        elif luck < 0.75:
            await self._buy()
        elif luck < 0.95:
            await self._pay()
        else:
            await self._cancel(self._town.luck.choice(self._open))

    async def _post(self) -> None:
        self._posted += 1
        title = f"Waiter, shift {self._number}x{self._posted}"
        start = self._town.luck.choice(_HOURS)
        hours = {"start": f"{start:02d}:00", "end": f"{start + 2:02d}:00"}
        first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)
        body = {
            "title": title,
            "description": "Serve guests at a busy cafe.",
            "category": "hospitality",
            "location": _BANDRA,
            "starts_on": first.isoformat(),
            "ends_on": (first + dt.timedelta(weeks=4)).isoformat(),
            "slots": [{"weekday": self._town.luck.choice(_DAYS), **hours}],
            "positions": self._town.luck.randint(1, 3),
            "required_skills": ["waiter"],
        }
        made = await self._write("post", "", "POST", "jobs", body, title=title)
        if made["_outcome"] is not Outcome.ACKNOWLEDGED:
            return
        job = made["id"]
        published = await self._write("publish", job, "POST", f"jobs/{job}/publish")
        if published["_outcome"] is not Outcome.REFUSED:
            self._open.append(job)

    async def _cancel(self, job: str) -> None:
        answer = await self._write("cancel", job, "DELETE", f"jobs/{job}")
        if answer["_outcome"] in {Outcome.ACKNOWLEDGED, Outcome.REFUSED}:
            self._open.remove(job)

    async def _buy(self) -> None:
        job = self._town.luck.choice(self._open)
        path = f"/api/employers/jobs/{job}/matches?status=accepted"
        answer = await self._town.ask("GET", path, token=self._token)
        if answer.status == 401:
            self._token = None
        for match in answer.body.get("items", []):
            if not match["unlocked"] and match["id"] not in self._buying:
                await self._unlock(match["id"])
                return

    async def _unlock(self, match: str) -> None:
        bought = await self._write("unlock", match, "POST", f"matches/{match}/unlock")
        if bought["_status"] == 202:
            self._buying[match] = bought["checkout_url"]
        elif bought["_status"] == 200:
            phone = bought["contact"]["phone"]
            self._town.journal.note("contact", match, Outcome.ACKNOWLEDGED, phone=phone)
            if self._town.luck.random() < _GIVEN_BACK:
                payment = bought["payment"]["id"]
                path = f"/api/admin/payments/{payment}/refund"
                amount = self._town.luck.randrange(100, 1_000)
                body = {"reason": "the number was wrong", "amount": amount}
                await self._admin.do("refund", payment, path, body)

    async def _pay(self) -> None:
        if not self._buying:
            return
        match, page = self._buying.popitem()
        outcome = self._town.luck.choice(("pay", "pay", "pay", "decline"))
        session = page.rstrip("/").rsplit("/", 1)[-1]
        path = f"/stripe/_control/checkout/{session}"
        answer = await self._town.outside("POST", path, {"outcome": outcome})
        if answer.status != 200:
            return
        if outcome == "pay":
            self._town.journal.note("paid", match, Outcome.ACKNOWLEDGED, session=session)
        await self._town.pause(1.0)
        await self._unlock(match)


def workers(town: Town) -> Iterator[Worker]:
    """Return one worker after the other, each another person."""
    return (Worker(town, number) for number in itertools.count(1))


def employers(town: Town, admin: Admin) -> Iterator[Employer]:
    """Return one company after the other."""
    return (Employer(town, number, admin) for number in itertools.count(1))
