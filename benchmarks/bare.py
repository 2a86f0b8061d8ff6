"""The least that could answer the same requests: FastAPI, the driver, and nothing in between.

It makes the same reads and writes as the application's endpoints and answers with the same JSON; it
has no validation of what it reads, no error pages, no request ids, no metrics, no limits. What the
application is slower by is what those cost.
"""

import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import jwt
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

_OFFERS = """
SELECT m.id, m.status, m.job_id, j.title, j.category, j.description, e.company_name, e.verified_at,
       j.city, m.distance_km, j.starts_on, j.ends_on, j.time_zone, j.salary_amount,
       j.salary_currency, j.salary_per, j.positions, m.why, m.offered_at, m.respond_by,
       m.responded_at
FROM job_matches m JOIN jobs j ON j.id = m.job_id JOIN employers e ON e.id = j.employer_id
WHERE m.worker_id = $1 ORDER BY m.id DESC LIMIT 21
"""
_SLOTS = "SELECT job_id, weekday, starts, ends FROM job_slots WHERE job_id = ANY($1::uuid[])"
_WHO = """
SELECT u.role, u.status, u.name, u.language FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = $1 AND s.user_version = u.version
"""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    application.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], max_size=16)
    yield
    await application.state.pool.close()


app = FastAPI(lifespan=_lifespan, openapi_url=None)


@app.get("/health")
async def health() -> dict[str, str]:
    """Up."""
    return {"status": "ok"}


@app.get("/api/workers/offers")
async def offers(request: Request) -> Response:
    """The twenty newest offers of whoever holds the token."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token,
        bytes.fromhex(os.environ["TOKEN_KEY"]),
        algorithms=["HS256"],
        audience="partimer-api",
        options={"verify_exp": False},
    )
    async with request.app.state.pool.acquire() as connection:
        if await connection.fetchrow(_WHO, UUID(claims["sid"])) is None:
            return Response(status_code=401)
        rows = await connection.fetch(_OFFERS, UUID(claims["sub"]))
        shifts = await connection.fetch(_SLOTS, [row["job_id"] for row in rows])
    slots: dict[Any, list[Any]] = {}
    for shift in shifts:
        slots.setdefault(shift["job_id"], []).append(
            {
                "weekday": _DAYS[shift["weekday"]],
                "start": shift["starts"].strftime("%H:%M"),
                "end": shift["ends"].strftime("%H:%M"),
            }
        )
    items = [_offer(row, slots.get(row["job_id"], [])) for row in rows[:20]]
    body = {"items": items, "next_cursor": None}
    return Response(to_json(body), media_type="application/json")


def _offer(row: Any, slots: list[Any]) -> dict[str, Any]:
    salary = None
    if row["salary_amount"] is not None:
        salary = {
            "amount": row["salary_amount"],
            "currency": row["salary_currency"],
            "per": row["salary_per"],
        }
    return {
        "id": row["id"],
        "status": row["status"],
        "job": {
            "id": row["job_id"],
            "title": row["title"],
            "category": row["category"],
            "description": row["description"],
            "company_name": row["company_name"],
            "employer_verified": row["verified_at"] is not None,
            "city": row["city"],
            "distance_km": row["distance_km"],
            "starts_on": row["starts_on"],
            "ends_on": row["ends_on"],
            "time_zone": row["time_zone"],
            "slots": slots,
            "salary": salary,
            "positions": row["positions"],
        },
        "why": [f"{reason['km']} km away" for reason in json.loads(row["why"])],
        "offered_at": row["offered_at"],
        "respond_by": row["respond_by"],
        "responded_at": row["responded_at"],
    }


@app.post("/api/webhooks/whatsapp")
async def webhook(request: Request) -> Response:
    """Check the signature over the raw bytes and keep them."""
    body = await request.body()
    made = hmac.new(os.environ["APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={made}", request.headers["x-hub-signature-256"]):
        return Response(status_code=401)
    async with request.app.state.pool.acquire() as connection:
        await connection.execute("INSERT INTO bare_events (body) VALUES ($1)", body)
    return Response(to_json({"received": True}), media_type="application/json")


@app.post("/api/webhooks/stripe")
async def stripe_webhook(request: Request) -> Response:
    """Check the signature over the time and the raw bytes, and keep those."""
    body = await request.body()
    parts = dict(part.split("=", 1) for part in request.headers["stripe-signature"].split(","))
    secret = os.environ["STRIPE_SECRET"].encode()
    made = hmac.new(secret, f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made, parts["v1"]):
        return Response(status_code=401)
    async with request.app.state.pool.acquire() as connection:
        await connection.execute("INSERT INTO bare_events (body) VALUES ($1)", body)
    return Response(to_json({"received": True}), media_type="application/json")
