"""Every value of every table, sealed ones opened: what a copy of the database and its keys would give away."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import LargeBinary

from app.core.crypto import Keyring
from app.database.schema import load_models
from tests.support.app_harness import World

CONTEXTS: Final = {
    "users.email_sealed": "email",
    "users.phone_sealed": "phone",
    "users.totp_sealed": "totp",
    "users.totp_pending_sealed": "totp",
    "team_members.left_name_sealed": "left-name",
    "reset_requests.email_sealed": "reset-request",
    "idempotency_keys.answer_sealed": "idempotency",
    "employers.address_sealed": "street address",
    "jobs.address_sealed": "street address",
    "job_templates.text_sealed": "job template",
    "invoices.buyer_address_sealed": "address on an invoice",
    "bulk_actions.reason_sealed": "bulk reason",
    "reliability_appeals.note_sealed": "appeal",
    "audit_words.words_sealed": "audit words",
    "outbox.recipient_sealed": "phone",
    "outbox.params_sealed": "outbox",
    "webhook_events.body_sealed": "webhook",
    "inbox.body_sealed": "inbox",
    "model_readings.question_sealed": "reading",
    "model_readings.fields_sealed": "reading",
    "chat_people.phone_sealed": "phone",
    "workers.bio_sealed": "bio",
}
"""Of each sealed column the context under which it opens."""


def sealed_columns() -> set[str]:
    """Return every column of bytes, as `table.column`."""
    return {
        f"{table.name}.{column.name}"
        for table in load_models().sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }


def stored_values(world: World) -> list[tuple[str, str]]:
    """Return every value that is not empty as text, with its column (`table.column`)."""

    async def read(session: Any) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for table in load_models().sorted_tables:
            for row in await session.execute(table.select()):
                for column, value in row._mapping.items():
                    name = f"{table.name}.{column}"
                    found += [(name, text) for text in _texts(name, value, world.runtime.keyring)]
        return found

    values: list[tuple[str, str]] = world.in_session(read)
    return values


def _texts(name: str, value: Any, keys: Keyring) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, bytes):
        value = keys.open(value, CONTEXTS[name]) if value else ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    if text:
        yield text
