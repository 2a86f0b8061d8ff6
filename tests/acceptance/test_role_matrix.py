"""Every route × everybody who could ask: exactly who gets in, and how everybody else is refused.

Each route says whom it is for. A route that the application has and this table doesn't fails.
"""

import re
from typing import Any

import httpx
import pytest

from app.api.http.dependencies import Permitted
from app.identity.permissions import GRANTS
from app.identity.rules import AdminRole
from app.main import ROUTERS
from tests.acceptance.role_rules import (
    ADMIN,
    ADMINS,
    ANYBODY,
    BY_PASSWORD,
    CONSOLE_RULES,
    EMPLOYER,
    EMPLOYER_FILES,
    FINANCE,
    JOB_OWNER,
    MODERATES,
    MODERATOR,
    MOVES_MONEY,
    OWNER,
    OWNS,
    PUBLIC,
    READS_LOG,
    READS_MESSAGES,
    RETRIES,
    SUPPORT,
    TEMPLATE_RULES,
    WORKER,
    Body,
    Rule,
    rule,
)
from tests.acceptance.shapes import problem
from tests.support import factories
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

UNKNOWN = "01936d5e-7c00-7000-8000-000000000000"
METHODS = frozenset("get post put patch delete".split())


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
        kept = {"job_id": job["id"], "name": "Saturday brunch"}
        template = ok(self.employer.post("/api/employers/job-templates", kept), 201)
        message = ok(self.admin.get("/api/admin/messages"))["items"][0]
        self.ids = {
            "job_id": job["id"],
            "template_id": template["id"],
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
        if path.endswith("/merge") and method == "GET":
            path = f"{path}?other_id={self.other_worker.id}"
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


def _register_worker(_: Cast) -> Any:
    return {"name": "Asha", "phone": "+919820077001", "consent": True}


def _register_employer(_: Cast) -> Any:
    return {
        "company_name": "Cafe",
        "contact_name": "Rustom",
        "email": "matrix@example.com",
        "password": PASSWORD,
    }


def _slot(_: Cast) -> Any:
    return {"weekday": "monday", "start": "21:00", "end": "22:00"}


def _invitation(_: Cast) -> Any:
    return {"email": "new@example.com", "name": "Nina", "admin_role": "support"}


def _act(action: str) -> Body:
    return lambda _: {"action": action, "reason": "to see who may"}


# Where the right person is answered 409, the matrix asks only who gets as far as the thing itself.
RULES: dict[str, Rule] = {
    **CONSOLE_RULES,
    **TEMPLATE_RULES,
    "GET /health": rule(PUBLIC),
    "GET /health/ready": rule(PUBLIC),
    "GET /": rule(PUBLIC),
    "POST /api/auth/register/worker": rule(PUBLIC, 202, body=_register_worker),
    "POST /api/auth/otp": rule(PUBLIC, 202, body=lambda _: {"phone": "+919820077002"}),
    "POST /api/auth/register/employer": rule(PUBLIC, 201, 409, body=_register_employer),
    "POST /api/auth/login": rule(
        PUBLIC, 401, body=lambda _: {"role": "employer", "email": "no@example.com", "password": "x"}
    ),
    "POST /api/auth/refresh": rule(PUBLIC, 401, body=lambda _: {"refresh_token": "x" * 43}),
    "GET /api/auth/me": rule(ANYBODY),
    "POST /api/auth/password/forgot": rule(PUBLIC, 202, body=lambda _: {"email": "no@example.com"}),
    "POST /api/auth/password/reset": rule(
        PUBLIC, 404, 409, 401, 422, body=lambda _: {"token": "x" * 43, "password": "long enough 1"}
    ),
    "POST /api/auth/password/change": rule(
        BY_PASSWORD, 422, body=lambda _: {"current_password": "wrong", "password": "long enough 1"}
    ),
    "GET /api/workers/profile": rule(WORKER),
    "PUT /api/workers/profile": rule(WORKER, body=lambda _: {"bio": "Hello."}),
    "GET /api/workers/availability": rule(WORKER),
    "POST /api/workers/availability": rule(WORKER, 201, 409, body=_slot),
    "PUT /api/workers/availability": rule(WORKER, body=lambda cast: {"slots": [_slot(cast)]}),
    "DELETE /api/workers/availability/{slot_id}": rule(WORKER, 204, owned=WORKER),
    "GET /api/workers/time-off": rule(WORKER),
    "POST /api/workers/time-off": rule(
        WORKER, 201, 409, body=lambda _: {"starts_on": "2027-05-01", "ends_on": "2027-05-02"}
    ),
    "DELETE /api/workers/time-off/{time_off_id}": rule(WORKER, 204, owned=WORKER),
    "GET /api/workers/blocks": rule(WORKER),
    "POST /api/workers/blocks": rule(
        WORKER, 200, 201, body=lambda cast: {"employer_id": cast.other_employer.id}
    ),
    "GET /api/employers/blocks": rule(EMPLOYER),
    "POST /api/employers/blocks": rule(EMPLOYER, 404, body=lambda _: {"match_id": UNKNOWN}),
    "DELETE /api/employers/blocks/{match_id}": rule(EMPLOYER, 404),
    "DELETE /api/workers/blocks/{employer_id}": rule(WORKER, 204, 404),
    "GET /api/workers/export": rule(WORKER),
    "DELETE /api/workers/account": rule(WORKER, 204),
    "GET /api/employers/export": rule(EMPLOYER),
    "GET /api/employers/export/own": rule(EMPLOYER),
    "DELETE /api/employers/account": rule(EMPLOYER, 204, 409),
    "GET /api/workers/offers": rule(WORKER),
    "POST /api/workers/offers/{offer_id}/respond": rule(
        WORKER, body=lambda _: {"response": "accept"}, owned=WORKER
    ),
    "POST /api/workers/offers/{offer_id}/withdraw": rule(WORKER, owned=WORKER),
    "POST /api/workers/offers/{offer_id}/reconsider": rule(WORKER, 200, 409, owned=WORKER),
    "POST /api/workers/offers/{offer_id}/report": rule(
        WORKER, 201, body=lambda _: {"reason": "unsafe"}, owned=WORKER
    ),
    "GET /api/workers/dashboard": rule(WORKER),
    "GET /api/workers/unlocks": rule(WORKER),
    "GET /api/employers/profile": rule(EMPLOYER),
    "PUT /api/employers/profile": rule(EMPLOYER, body=lambda _: {"city": "Pune"}),
    "GET /api/employers/jobs": rule(EMPLOYER),
    "POST /api/employers/jobs": rule(EMPLOYER, 201, body=lambda cast: cast.world.job_body()),
    "POST /api/employers/jobs/forecast": rule(EMPLOYER, body=lambda cast: cast.world.job_body()),
    "GET /api/employers/jobs/{job_id}": rule(EMPLOYER, owned=EMPLOYER),
    "PUT /api/employers/jobs/{job_id}": rule(EMPLOYER, body=lambda _: {}, owned=EMPLOYER),
    "DELETE /api/employers/jobs/{job_id}": rule(EMPLOYER, owned=EMPLOYER),
    "POST /api/employers/jobs/{job_id}/publish": rule(EMPLOYER, 200, 409, owned=EMPLOYER),
    "POST /api/employers/jobs/{job_id}/repeat": rule(
        EMPLOYER, 201, owned=EMPLOYER, body=lambda _: {"starts_on": "2026-12-05"}
    ),
    "POST /api/employers/jobs/{job_id}/close": rule(EMPLOYER, 200, 409, owned=EMPLOYER),
    "GET /api/employers/jobs/{job_id}/events": rule(EMPLOYER, owned=EMPLOYER),
    "GET /api/employers/jobs/{job_id}/matches": rule(EMPLOYER, owned=EMPLOYER),
    "GET /api/employers/dashboard": rule(EMPLOYER),
    "GET /api/employers/dashboard/months": rule(EMPLOYER),
    "GET /api/employers/team": rule(EMPLOYER),
    "GET /api/employers/team/log": rule(EMPLOYER),
    "POST /api/employers/team": rule(
        EMPLOYER, 201, body=lambda _: {"email": "team@example.com", "role": "viewer"}
    ),
    "PUT /api/employers/team/{member_id}": rule(EMPLOYER, body=lambda _: {}, owned=EMPLOYER),
    "DELETE /api/employers/team/{member_id}": rule(EMPLOYER, 409, owned=EMPLOYER),
    "POST /api/employers/matches/{match_id}/unlock": rule(EMPLOYER, 202, 409, owned=EMPLOYER),
    "POST /api/employers/matches/{match_id}/report": rule(
        EMPLOYER, 201, 409, body=lambda _: {"reason": "wrong_person"}, owned=EMPLOYER
    ),
    "POST /api/employers/unlocks": rule(
        EMPLOYER, 202, 409, body=lambda cast: {"match_ids": [cast.ids["match_id"]]}
    ),
    "GET /api/employers/orders": rule(EMPLOYER),
    "GET /api/employers/balance": rule(EMPLOYER),
    "GET /api/employers/balance/entries": rule(EMPLOYER),
    "POST /api/employers/balance/refunds": rule(EMPLOYER, 409, body=lambda _: {}),
    "GET /api/employers/card": rule(EMPLOYER),
    "DELETE /api/employers/card": rule(EMPLOYER, 204),
    "POST /api/employers/balance/top-ups": rule(EMPLOYER, 202, body=lambda _: {"pack": "small"}),
    "GET /api/employers/orders/{order_id}": rule(EMPLOYER, owned=EMPLOYER),
    "GET /api/employers/payments": rule(EMPLOYER),
    "GET /api/employers/payments/{payment_id}": rule(EMPLOYER, owned=EMPLOYER),
    **{f"GET /api/employers/{name}.csv": rule(EMPLOYER) for name in EMPLOYER_FILES},
    "GET /api/employers/invoices": rule(EMPLOYER),
    "GET /api/employers/invoices/{invoice_id}": rule(EMPLOYER, 404),
    "GET /api/employers/invoices/{invoice_id}.pdf": rule(EMPLOYER, 404),
    "GET /api/admin/search": rule(ADMIN, 422),
    "GET /api/admin/ledger/accounts": rule(ADMIN),
    "GET /api/admin/ledger/days": rule(ADMIN),
    "GET /api/admin/reconciliation": rule(ADMIN, 422),
    "GET /api/admin/workers": rule(ADMIN),
    "GET /api/admin/workers/{worker_id}": rule(ADMIN),
    "POST /api/admin/workers/{worker_id}/action": rule(MODERATES, 200, 409, body=_act("verify")),
    "GET /api/admin/queues": rule(ADMIN),
    "GET /api/admin/employers": rule(ADMIN),
    "GET /api/admin/employers/{employer_id}": rule(ADMIN),
    "POST /api/admin/employers/{employer_id}/action": rule(
        MODERATES, 200, 409, body=_act("verify")
    ),
    "GET /api/admin/jobs": rule(ADMIN),
    "GET /api/admin/jobs/{job_id}": rule(ADMIN),
    "GET /api/admin/jobs/{job_id}/why-not/{worker_id}": rule(ADMIN),
    "POST /api/admin/jobs/{job_id}/action": rule(MODERATES, 200, 409, body=_act("reopen")),
    "GET /api/admin/logs/head": rule(READS_LOG),
    "GET /api/admin/admins": rule(OWNS),
    "GET /api/admin/admins/me": rule(ADMIN),
    "POST /api/admin/admins": rule(OWNS, 201, 409, body=_invitation),
    "GET /api/admin/admins/{admin_id}": rule(OWNS),
    "POST /api/admin/admins/{admin_id}/action": rule(OWNS, 200, 409, body=_act("sign_out")),
    "GET /api/admin/logs": rule(READS_LOG),
    "GET /api/admin/stats": rule(ADMIN),
    "GET /api/admin/settings": rule(ADMIN),
    "PUT /api/admin/settings": rule(OWNS, body=lambda _: {}),
    "GET /api/admin/payments": rule(ADMIN),
    "GET /api/admin/invoices": rule(ADMIN),
    "GET /api/admin/invoices/{invoice_id}": rule(ADMIN, 404),
    "GET /api/admin/invoices/{invoice_id}.pdf": rule(ADMIN, 404),
    "POST /api/admin/payments/{payment_id}/refund": rule(
        MOVES_MONEY, 409, body=lambda _: {"reason": "to see who may"}
    ),
    "GET /api/admin/reports": rule(ADMIN),
    "POST /api/admin/reports/{report_id}/action": rule(MOVES_MONEY, 404, body=_act("decline")),
    "GET /api/admin/refunds": rule(ADMIN),
    "GET /api/admin/disputes": rule(ADMIN),
    "GET /api/admin/open-items": rule(ADMIN),
    "POST /api/admin/open-items/{item_id}/close": rule(
        MOVES_MONEY, 404, body=lambda _: {"reason": "paid out"}
    ),
    "GET /api/admin/suspense": rule(ADMIN),
    "POST /api/admin/suspense/{item_id}/action": rule(MOVES_MONEY, 404, body=_act("refund")),
    "POST /api/admin/refunds/{refund_id}/action": rule(MOVES_MONEY, 404, body=_act("approve")),
    "GET /api/admin/messages": rule(READS_MESSAGES),
    "POST /api/admin/messages/{message_id}/retry": rule(RETRIES, 200, 409),
    "GET /api/admin/webhooks": rule(READS_MESSAGES),
    "POST /api/admin/webhooks/{webhook_id}/retry": rule(RETRIES, 404),
    "GET /api/admin/inbox": rule(READS_MESSAGES),
    "POST /api/admin/inbox/{item_id}/retry": rule(RETRIES, 404),
    "GET /api/admin/parked": rule(READS_MESSAGES),
    "POST /api/admin/parked/{kind}/{subject_id}/retry": rule(RETRIES, 404),
    "GET /api/admin/messages/costs": rule(READS_MESSAGES),
    "GET /api/admin/notices": rule(READS_MESSAGES),
    "GET /api/admin/channels": rule(READS_MESSAGES),
    "POST /api/admin/channels/{channel}/resume": rule(
        RETRIES, 200, 404, 409, body=lambda _: {"reason": "the token is new"}
    ),
    "GET /api/admin/conversations": rule(READS_MESSAGES),
    "GET /api/admin/conversations/{conversation_id}": rule(READS_MESSAGES),
    "GET /api/admin/conversations/{conversation_id}/messages": rule(READS_MESSAGES),
    "POST /api/admin/conversations/{conversation_id}/take": rule(READS_MESSAGES, 200, 409),
    "POST /api/admin/conversations/{conversation_id}/reply": rule(
        READS_MESSAGES, 201, 409, body=lambda _: {"text": "Hello from the team."}
    ),
    "POST /api/admin/conversations/{conversation_id}/hand-back": rule(READS_MESSAGES, 200, 409),
    "POST /api/matching/jobs/{job_id}/trigger": rule(JOB_OWNER, 202, 409, owned=EMPLOYER),
    "POST /api/matching/expire-matches": rule(OWNS),
    "GET /api/catalogue/skills": rule(PUBLIC),
    "GET /api/catalogue/categories": rule(PUBLIC),
    "GET /api/catalogue/places": rule(PUBLIC, 422),  # it has to be told what to look for
    "GET /api/webhooks/whatsapp": rule(PUBLIC, 403),
    "POST /api/webhooks/whatsapp": rule(PUBLIC, 401, body=lambda _: {}),
    "POST /api/webhooks/stripe": rule(PUBLIC, 401, body=lambda _: {}),
    "POST /api/webhooks/razorpay": rule(PUBLIC, 401, body=lambda _: {}),
    # Last, because it ends the sessions the others are played with.
    "POST /api/auth/logout": rule(ANYBODY, 204),
    "GET /api/auth/sessions": rule(ANYBODY),
    "GET /api/auth/email": rule(BY_PASSWORD, 200),
    "POST /api/auth/email/confirm": rule(PUBLIC, 422, body=lambda _: {"token": "x"}),
    "GET /api/auth/second-factor": rule(BY_PASSWORD),
    "POST /api/auth/second-factor": rule(
        BY_PASSWORD, 422, body=lambda _: {"current_password": "wrong"}
    ),
    "POST /api/auth/second-factor/confirm": rule(BY_PASSWORD, 409, body=lambda _: {"code": "1"}),
    "POST /api/auth/email/resend": rule(BY_PASSWORD, 202),
    "DELETE /api/auth/sessions": rule(ANYBODY, 204),
    "DELETE /api/auth/sessions/{session_id}": rule(ANYBODY, 404),
}

_MAY: dict[str, set[str]] = {
    ANYBODY: {WORKER, EMPLOYER, *ADMINS},
    BY_PASSWORD: {EMPLOYER, *ADMINS},
    WORKER: {WORKER},
    EMPLOYER: {EMPLOYER},
    ADMIN: {*ADMINS},
    OWNS: {OWNER},
    MODERATES: {OWNER, MODERATOR},
    MOVES_MONEY: {OWNER, FINANCE},
    READS_MESSAGES: {OWNER, MODERATOR, SUPPORT},
    RETRIES: {OWNER, SUPPORT},
    READS_LOG: {OWNER, FINANCE, MODERATOR},
    JOB_OWNER: {EMPLOYER, OWNER, MODERATOR, SUPPORT},
}

# What takes the thing away comes after everything that needs it.
_LAST = (
    "PUT /api/workers/availability",
    "DELETE /api/employers/job-templates/{template_id}",
    "DELETE /api/employers/jobs/{job_id}",
    "POST /api/employers/jobs/{job_id}/close",
    "DELETE /api/workers/account",
    "DELETE /api/employers/account",
    "POST /api/admin/workers/{worker_id}/erase",
    "POST /api/admin/employers/{employer_id}/erase",
)


def _place(route: str) -> int:
    return _LAST.index(route) + 1 if route in _LAST else 0


@pytest.fixture(scope="module")
def cast(town: World) -> Cast:
    return Cast(town)


def routes(world: World) -> set[str]:
    paths = ok(world.http.get("/openapi.json"))["paths"]
    return {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method in operations
        if method in METHODS
    }


def test_every_route_is_in_the_table_and_nothing_else(town: World) -> None:
    assert routes(town) == set(RULES)


def _permission_of(route: Any) -> Any:
    """What a route's dependencies say it takes, or None."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if isinstance(dependant.call, Permitted):
            return dependant.call.permission
        waiting += dependant.dependencies
    return None


def test_every_admin_route_declares_its_permission_and_the_table_agrees() -> None:
    declared = {
        f"{method} {getattr(route, 'path', '')}": _permission_of(route)
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if getattr(route, "path", "").startswith(("/api/admin", "/api/matching"))
    }
    assert declared
    for route, permission in declared.items():
        assert permission is not None, route
        assert set(GRANTS[permission]) == _MAY[RULES[route].who], route


def test_nobody_and_the_wrong_role_are_refused_everywhere(cast: Cast) -> None:
    for route, wanted in RULES.items():
        if wanted.who == PUBLIC:
            continue
        method, template = route.split()
        path = cast.path(template)
        body = wanted.body(cast) if wanted.body else None
        problem(cast.send(None, method, path, body), 401)
        for role, person in cast.everybody.items():
            if role not in _MAY[wanted.who]:
                problem(cast.send(person, method, path, body), 403, "wrong_role")
                # Nor does another's thing, a missing one or a wrong body tell them anything else.
                if "{" in template:
                    unknown = re.sub(r"\{\w+\}", UNKNOWN, template)
                    problem(cast.send(person, method, unknown, body), 403, "wrong_role")


def test_another_of_the_same_role_finds_nothing(cast: Cast) -> None:
    others = {WORKER: cast.other_worker, EMPLOYER: cast.other_employer}
    for route, wanted in RULES.items():
        if wanted.owned is None:
            continue
        method, template = route.split()
        body = wanted.body(cast) if wanted.body else None
        other = others[wanted.owned]
        theirs = problem(cast.send(other, method, cast.path(template), body), 404)
        nothing = re.sub(r"\{\w+\}", UNKNOWN, template)
        nobodys = problem(cast.send(other, method, nothing, body), 404)
        assert _same(theirs, nobodys), route


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {k: v for k, v in one.items() if k != "request_id"} == {
        k: v for k, v in other.items() if k != "request_id"
    }


def test_ids_that_are_not_there_are_not_found_by_admins_either(cast: Cast) -> None:
    for route, wanted in RULES.items():
        method, template = route.split()
        if "_id}" in template and OWNER in _MAY.get(wanted.who, set()) and wanted.who != ANYBODY:
            body = wanted.body(cast) if wanted.body else None
            path = cast.path(re.sub(r"\{\w+_id\}", UNKNOWN, template))
            problem(cast.send(cast.admin, method, path, body), 404)


def test_whom_a_route_is_for_gets_in(cast: Cast) -> None:
    ordered = sorted(RULES, key=lambda route: (route.endswith("/logout"), _place(route)))
    for route in ordered:
        wanted = RULES[route]
        method, template = route.split()
        body = wanted.body(cast) if wanted.body else None
        people: list[Person | None]
        if wanted.who == PUBLIC:
            people = [None, cast.employer, cast.admin]
        else:
            people = [cast.everybody[role] for role in sorted(_MAY[wanted.who])]
            if route.endswith("/logout"):
                people = [one for one in people if one not in (cast.worker, cast.employer)]
        for person in people:
            answer = cast.send(person, method, cast.path(template), body)
            assert answer.status_code in wanted.good, f"{route}: {answer.text}"
