"""A copy of the database gives away no address, no mailbox, and nothing that people wrote."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.audit import log
from app.audit.models import AuditWords
from app.database.session import keyring
from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job
from app.privacy import sealing
from app.workers.models import Worker
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.workers.test_workers_account import everything_stored, lead, unlock

MAIL = "Canary.Bird@Example.com"
STREET = "7 Canary Lane, third floor"
BIO = "I sing like a canary."


def test_addresses_and_bios_are_stored_sealed_and_read_back(world: World) -> None:
    owner = world.employer_through_doors(email=MAIL.lower())
    ok(owner.put("/api/employers/profile", {"address": STREET}))
    job = world.job(owner, address=STREET, publish=False)
    worker = world.worker()
    ok(worker.put("/api/workers/profile", {"bio": BIO}))
    assert "canary" not in everything_stored(world).lower()

    profile = ok(owner.get("/api/employers/profile"))
    assert (profile["email"], profile["address"]) == (MAIL.lower(), STREET)
    assert ok(owner.get("/api/auth/me"))["email"] == MAIL.lower()
    assert ok(owner.get(f"/api/employers/jobs/{job['id']}"))["address"] == STREET
    assert ok(worker.get("/api/workers/profile"))["bio"] == BIO
    assert ok(worker.get("/api/workers/export"))["profile"]["bio"] == BIO
    assert ok(worker.get("/api/workers/dashboard"))["profile_completeness"] == 1.0
    admin = world.admin()
    shown = ok(admin.get(f"/api/admin/employers/{owner.id}"))
    assert (shown["email"], shown["address"]) == (MAIL.lower(), STREET)
    assert ok(admin.get(f"/api/admin/workers/{worker.id}"))["bio"] == BIO
    found = ok(admin.get("/api/admin/employers", params={"q": MAIL}))["items"]
    assert [row["id"] for row in found] == [owner.id]
    ok(owner.put("/api/employers/profile", {"address": None}))
    assert ok(owner.get("/api/employers/profile"))["address"] is None


@pytest.mark.parametrize("written", [MAIL, MAIL.upper(), f"  {MAIL} "])
def test_an_address_is_one_account_however_it_is_written(world: World, written: str) -> None:
    owner = world.employer_through_doors(email=MAIL)
    again = {"company_name": "Other", "contact_name": "Ravi Rao", "password": PASSWORD}
    answer = world.http.post("/api/auth/register/employer", json=again | {"email": written})
    refused(answer, 409, "email_taken")
    assert world.sign_in(written, role="employer").id == owner.id
    ok(world.http.post("/api/auth/password/forgot", json={"email": written}), 202)


def clear(world: World, owner_id: str, job_id: str, worker_id: str) -> None:
    """Let rows stand as the version before kept them."""

    async def write(session: Any) -> None:
        for table, row_id, values in (
            (User, owner_id, {"email": MAIL.lower(), "email_sealed": None, "email_index": None}),
            (Employer, owner_id, {"address": STREET, "address_sealed": None}),
            (Job, job_id, {"address": STREET, "address_sealed": None}),
            (Worker, worker_id, {"bio": BIO, "bio_sealed": None}),
        ):
            await session.execute(update(table).where(table.id == UUID(row_id)).values(values))

    world.in_session(write)


def test_rows_of_before_are_read_and_sealed_in_steps(world: World) -> None:
    owner = world.employer_through_doors(email=MAIL)
    job = world.job(owner, publish=False)
    worker = world.worker()
    clear(world, owner.id, job["id"], worker.id)
    assert "canary" in everything_stored(world).lower()

    def works() -> None:
        assert world.sign_in(MAIL, role="employer").id == owner.id
        profile = ok(owner.get("/api/employers/profile"))
        assert (profile["email"], profile["address"]) == (MAIL.lower(), STREET)
        assert ok(owner.get(f"/api/employers/jobs/{job['id']}"))["address"] == STREET
        assert ok(worker.get("/api/workers/profile"))["bio"] == BIO
        again = {"company_name": "Other", "contact_name": "Ravi Rao", "password": PASSWORD}
        answer = world.http.post("/api/auth/register/employer", json=again | {"email": MAIL})
        refused(answer, 409, "email_taken")

    works()
    assert world.run(sealing.seal_all(world.runtime.database)) == 4
    assert world.run(sealing.seal_all(world.runtime.database)) == 0
    assert "canary" not in everything_stored(world).lower()
    works()


def test_one_address_of_two_versions_stops_no_step(world: World) -> None:
    owner = world.employer_through_doors(email=MAIL)
    job = world.job(owner, publish=False)
    other = world.employer_through_doors(email="other@example.com")
    clear(world, other.id, job["id"], world.worker().id)
    assert world.run(sealing.seal_all(world.runtime.database)) == 4
    assert "canary" not in everything_stored(world).lower()
    assert world.sign_in(MAIL, role="employer").id == owner.id


def test_what_was_written_about_an_erased_worker_goes_and_the_chain_holds(world: World) -> None:
    worker, owner = world.worker(name="Zubeida Canary"), world.employer()
    bought = lead(world, worker, owner)
    words = "Zubeida Canary never came, she lives at 7 Canary Lane"
    match_id = bought["id"]
    unlock(world, owner, match_id)
    report = {"reason": "other", "note": words}
    ok(owner.post(f"/api/employers/matches/{match_id}/report", report), 201)
    admin = world.admin()
    path = f"/api/admin/workers/{worker.id}/action"
    ok(admin.post(path, {"action": "suspend", "reason": words}))
    ok(admin.post(path, {"action": "activate", "reason": words}))
    said = [row["reason"] for row in ok(admin.get("/api/admin/logs"))["items"]]
    assert said.count(words) == 3
    ok(world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
    again = world.sign_in_worker(worker.phone or "")
    ok(again.delete("/api/workers/account"), 204)
    world.settle()

    async def sound(session: Any) -> tuple[int, int | None]:
        return await log.verify(session)

    good, bad = world.in_session(sound)
    assert (good > 0, bad) == (True, None)
    admin = world.admin()
    logged = admin.get("/api/admin/logs?limit=100").text
    assert "Canary" not in logged
    assert "worker.suspend" in logged
    reports = admin.get("/api/admin/reports").text
    assert "Canary" not in reports
    assert "canary" not in everything_stored(world).lower()


def test_words_that_were_altered_break_the_chain(world: World) -> None:
    worker = world.worker()
    admin = world.admin()
    path = f"/api/admin/workers/{worker.id}/action"
    ok(admin.post(path, {"action": "suspend", "reason": "rude to a guest"}))

    async def alter(session: Any) -> tuple[int, int | None]:
        entry = (await session.scalars(select(AuditWords.entry_id))).one()
        sealed = keyring(session).seal("polite to a guest", "audit words")
        await session.execute(
            update(AuditWords).where(AuditWords.entry_id == entry).values(words_sealed=sealed)
        )
        return await log.verify(session)

    _, bad = world.in_session(alter)
    assert bad is not None
