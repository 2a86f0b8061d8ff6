"""The people and things that the matrix of roles and routes is played with."""

import re
from typing import Any

import httpx

from app.identity.rules import AdminRole
from tests.support import factories
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

UNKNOWN = "01936d5e-7c00-7000-8000-000000000000"
WORKER = "worker"
EMPLOYER = "employer"
OWNER, FINANCE, MODERATOR, SUPPORT = AdminRole
ADMINS = tuple(AdminRole)


class Cast:
    """The people and things the matrix is played with."""

    def __init__(self, world: World) -> None:
        self.world = world
        place = {"latitude": 12.97, "longitude": 77.59}
        self.worker = world.worker(location=place, slots=("saturday",))
        self.other_worker = world.worker(location={"latitude": -40.0, "longitude": 100.0}, slots=())
        self.employer, self.other_employer = world.employer(), world.employer()
        self.admins = {role: world.admin(role) for role in ADMINS}
        self.admin = self.admins[OWNER]
        self.everybody: dict[str, Person] = {
            WORKER: self.worker,
            EMPLOYER: self.employer,
            **{str(role): admin for role, admin in self.admins.items()},
        }
        self.place = place
        job = world.job(self.employer, location=place)
        draft = world.job(self.employer, location=place, publish=False)
        (offer,) = world.offers(self.worker)
        world.accept(self.worker, offer["id"])
        pending = ok(self.employer.post(f"/api/employers/matches/{offer['id']}/unlock"), 202)
        (slot, *_) = ok(self.worker.get("/api/workers/availability"))["items"]
        days = {"starts_on": "2027-03-01", "ends_on": "2027-03-02"}
        time_off = ok(self.worker.post("/api/workers/time-off", days), 201)
        message = ok(self.admin.get("/api/admin/messages"))["items"][0]
        self.ids = {
            "job_id": job["id"],
            "draft_id": draft["id"],
            "offer_id": offer["id"],
            "match_id": offer["id"],
            "slot_id": slot["id"],
            "time_off_id": time_off["id"],
            "employer_id": self.employer.id,
            "worker_id": self.worker.id,
            "payment_id": pending["payment_id"],
            "invoice_id": UNKNOWN,
            "order_id": pending["payment_id"],
            "message_id": message["id"],
            "webhook_id": UNKNOWN,
            "item_id": UNKNOWN,
            "kind": "wave",
            "subject_id": UNKNOWN,
            "session_id": UNKNOWN,
            "channel": "whatsapp",
            "admin_id": self.spare_admin(),
            "member_id": self.employer.id,
            "report_id": UNKNOWN,
            "bulk_id": UNKNOWN,
            "change_id": UNKNOWN,
            "appeal_id": UNKNOWN,
            "refund_id": UNKNOWN,
            "conversation_id": self.conversation(),
        }

    def spare_admin(self) -> str:
        """Somebody whose sessions may end in between."""
        runtime = self.world.runtime
        made = factories.sign_in_admin(runtime, "spare@example.com", PASSWORD, AdminRole.SUPPORT)
        return self.world.run(made).user_id

    def conversation(self) -> str:
        """Somebody who wrote to us."""
        self.world.says("+919820077003", "hi")
        found: str = ok(self.admin.get("/api/admin/conversations"))["items"][0]["id"]
        return found

    def path(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], template)

    def send(self, person: Person | None, method: str, path: str, body: Any) -> httpx.Response:
        options = {} if body is None else {"json": body}
        if path.endswith("/events") and person is not None:
            return self.head_of_stream(person, path)
        if person is None:
            return self.world.http.request(method, path, **options)
        return person.request(method, path, **options)

    def head_of_stream(self, person: Person, path: str) -> httpx.Response:
        """Return the answer whose body may never end, without its body where it is a stream."""
        headers = {"Authorization": f"Bearer {person.token}"}
        with self.world.http.stream("GET", path, headers=headers) as answer:
            if answer.status_code != 200:
                answer.read()
            return answer
