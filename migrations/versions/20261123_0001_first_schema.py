"""first schema

Revision: 0001
Follows:
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.audit.models import PROTECTION

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "admin_action_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target_type", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column(
            "before",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "after",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=True,
        ),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_action_log")),
        sa.UniqueConstraint("number", name=op.f("uq_admin_action_log_number")),
    )
    op.create_index(
        op.f("ix_admin_action_log_action"), "admin_action_log", ["action"], unique=False
    )
    op.create_index(
        op.f("ix_admin_action_log_actor_id"), "admin_action_log", ["actor_id"], unique=False
    )
    op.create_index("ix_admin_action_log_at", "admin_action_log", ["at"], unique=False)
    op.create_index(
        "ix_admin_action_log_target", "admin_action_log", ["target_type", "target_id"], unique=False
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "channel_states",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("next_slot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backs_off_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("only_replies_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_states")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
    )
    op.create_index(
        op.f("ix_one_time_codes_expires_at"), "one_time_codes", ["expires_at"], unique=False
    )
    op.create_index(
        "ix_one_time_codes_purpose_created_at",
        "one_time_codes",
        ["purpose", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_one_time_codes_subject",
        "one_time_codes",
        ["subject", "purpose", "created_at"],
        unique=False,
    )
    op.create_table(
        "policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "values",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("chat_user_id", sa.String(length=128), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("chat_user_id", name=op.f("uq_users_chat_user_id")),
        sa.UniqueConstraint("role", "email", name=op.f("uq_users_role_email")),
    )
    op.create_index(op.f("ix_users_phone_index"), "users", ["phone_index"], unique=False)
    op.create_index("ix_users_role_status_id", "users", ["role", "status", "id"], unique=False)
    op.create_index(
        "uq_users_worker_phone",
        "users",
        ["phone_index"],
        unique=True,
        postgresql_where=sa.text("role = 'worker' AND phone_index IS NOT NULL"),
        sqlite_where=sa.text("role = 'worker' AND phone_index IS NOT NULL"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("uq_webhook_events_provider_event_id")
        ),
    )
    op.create_index(
        "ix_webhook_events_due",
        "webhook_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_webhook_events_state_id", "webhook_events", ["state", "id"], unique=False)
    op.create_table(
        "chat_people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("platform_user_id", sa.String(length=128), nullable=True),
        sa.Column("phone_index", sa.String(length=64), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("pair_free_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_people_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_people")),
        sa.UniqueConstraint(
            "channel", "phone_index", name=op.f("uq_chat_people_channel_phone_index")
        ),
        sa.UniqueConstraint(
            "channel", "platform_user_id", name=op.f("uq_chat_people_channel_platform_user_id")
        ),
    )
    op.create_index(op.f("ix_chat_people_user_id"), "chat_people", ["user_id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("wording_version", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_consents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_user_id"), "consents", ["user_id"], unique=False)
    op.create_table(
        "employers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("tax_id", sa.String(length=64), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_customer_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["users.id"], name=op.f("fk_employers_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employers")),
        sa.UniqueConstraint("provider_customer_id", name=op.f("uq_employers_provider_customer_id")),
    )
    op.create_index(op.f("ix_employers_city"), "employers", ["city"], unique=False)
    op.create_index(op.f("ix_employers_company_name"), "employers", ["company_name"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_version", sa.Integer(), nullable=False),
        sa.Column("refresh_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("max_distance_km", sa.Double(), nullable=False),
        sa.Column(
            "skills",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("experience_years", sa.Integer(), nullable=False),
        sa.Column("bio", sa.String(length=4000), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("weekly_offer_cap", sa.Integer(), nullable=True),
        sa.Column("quiet_start", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["users.id"], name=op.f("fk_workers_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index("ix_workers_city", "workers", ["city"], unique=False)
    op.create_table(
        "blocks",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["users.id"], name=op.f("fk_blocks_employer_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_blocks_worker_id_workers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("worker_id", "employer_id", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_employer_id"), "blocks", ["employer_id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=160), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["chat_people.id"], name=op.f("fk_inbox_person_id_chat_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "message_id", name=op.f("uq_inbox_channel_message_id")),
    )
    op.create_index(
        "ix_inbox_due",
        "inbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_inbox_person", "inbox", ["person_id", "state", "sent_at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("description", sa.String(length=4000), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.Column("city", sa.String(length=120), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.Column(
            "required_skills",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "preferred_skills",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("min_experience_years", sa.Integer(), nullable=False),
        sa.Column("radius_km", sa.Double(), nullable=True),
        sa.Column("salary_amount", sa.Integer(), nullable=True),
        sa.Column("salary_currency", sa.String(length=3), nullable=True),
        sa.Column("salary_per", sa.String(length=8), nullable=True),
        sa.Column("respond_within_minutes", sa.Integer(), nullable=True),
        sa.Column("accept_limit", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unlocked", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("next_wave_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_jobs_employer_id_employers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_closes_at",
        "jobs",
        ["closes_at"],
        unique=False,
        postgresql_where=sa.text("status = 'published'"),
        sqlite_where=sa.text("status = 'published'"),
    )
    op.create_index("ix_jobs_employer_id_id", "jobs", ["employer_id", "id"], unique=False)
    op.create_index(
        "ix_jobs_next_wave",
        "jobs",
        ["next_wave_at"],
        unique=False,
        postgresql_where=sa.text("status = 'published'"),
        sqlite_where=sa.text("status = 'published'"),
    )
    op.create_index("ix_jobs_status_id", "jobs", ["status", "id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_index", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("params_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("essential", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(length=160), nullable=True),
        sa.Column("form", sa.String(length=16), nullable=True),
        sa.Column("cost_category", sa.String(length=24), nullable=True),
        sa.Column("error_code", sa.String(length=32), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["chat_people.id"], name=op.f("fk_outbox_person_id_chat_people")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outbox_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_outbox_provider_id")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["priority", "due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
        sqlite_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
    )
    op.create_index("ix_outbox_recipient", "outbox", ["recipient_index", "state"], unique=False)
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"], unique=False)
    op.create_index(op.f("ix_outbox_subject_id"), "outbox", ["subject_id"], unique=False)
    op.create_index(op.f("ix_outbox_user_id"), "outbox", ["user_id"], unique=False)
    op.create_table(
        "time_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_time_off_worker_id_workers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_off")),
    )
    op.create_index(op.f("ix_time_off_worker_id"), "time_off", ["worker_id"], unique=False)
    op.create_table(
        "worker_availability",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_worker_availability_worker_id_workers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_availability")),
    )
    op.create_index(
        op.f("ix_worker_availability_worker_id"), "worker_availability", ["worker_id"], unique=False
    )
    op.create_table(
        "worker_match",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("geo_key", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("experience", sa.SmallInteger(), nullable=False),
        sa.Column("skills_0", sa.BigInteger(), nullable=False),
        sa.Column("skills_1", sa.BigInteger(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("max_km", sa.Float(), nullable=False),
        sa.Column("d0", sa.BigInteger(), nullable=False),
        sa.Column("d1", sa.BigInteger(), nullable=False),
        sa.Column("d2", sa.BigInteger(), nullable=False),
        sa.Column("d3", sa.BigInteger(), nullable=False),
        sa.Column("d4", sa.BigInteger(), nullable=False),
        sa.Column("d5", sa.BigInteger(), nullable=False),
        sa.Column("d6", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id"],
            ["workers.id"],
            name=op.f("fk_worker_match_worker_id_workers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker_match")),
    )
    op.create_index(
        "ix_worker_match_cover",
        "worker_match",
        [
            "geo_key",
            "active",
            "experience",
            "skills_0",
            "skills_1",
            "latitude",
            "longitude",
            "max_km",
            "d0",
            "d1",
            "d2",
            "d3",
            "d4",
            "d5",
            "d6",
            "time_zone",
            "worker_id",
        ],
        unique=False,
    )
    op.create_table(
        "job_matches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("score_distance", sa.Double(), nullable=False),
        sa.Column("score_availability", sa.Double(), nullable=False),
        sa.Column("score_skills", sa.Double(), nullable=False),
        sa.Column("score_experience", sa.Double(), nullable=False),
        sa.Column("score_reliability", sa.Double(), nullable=False),
        sa.Column("distance_km", sa.Double(), nullable=False),
        sa.Column(
            "why",
            sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.String(length=3), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("respond_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reject_reason", sa.String(length=500), nullable=True),
        sa.Column("unlocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_job_matches_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_matches_job_id_jobs")),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.id"], name=op.f("fk_job_matches_worker_id_workers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_matches")),
        sa.UniqueConstraint("job_id", "worker_id", name=op.f("uq_job_matches_job_id_worker_id")),
    )
    op.create_index(
        "ix_job_matches_employer_id_status", "job_matches", ["employer_id", "status"], unique=False
    )
    op.create_index(
        "ix_job_matches_job_id_status_score",
        "job_matches",
        ["job_id", "status", "score"],
        unique=False,
    )
    op.create_index(
        "ix_job_matches_remind_at",
        "job_matches",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text("status = 'offered'"),
        sqlite_where=sa.text("status = 'offered'"),
    )
    op.create_index(
        "ix_job_matches_respond_by",
        "job_matches",
        ["respond_by"],
        unique=False,
        postgresql_where=sa.text("status = 'offered'"),
        sqlite_where=sa.text("status = 'offered'"),
    )
    op.create_index("ix_job_matches_worker_id_id", "job_matches", ["worker_id", "id"], unique=False)
    op.create_table(
        "job_slots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_slots_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_slots")),
    )
    op.create_index(op.f("ix_job_slots_job_id"), "job_slots", ["job_id"], unique=False)
    op.create_table(
        "lead_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_lead_reports_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(
            ["match_id"], ["job_matches.id"], name=op.f("fk_lead_reports_match_id_job_matches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_reports")),
        sa.UniqueConstraint("match_id", name=op.f("uq_lead_reports_match_id")),
    )
    op.create_index(
        op.f("ix_lead_reports_employer_id"), "lead_reports", ["employer_id"], unique=False
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(length=160), nullable=True),
        sa.Column("intent_id", sa.String(length=160), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_payments_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(
            ["match_id"], ["job_matches.id"], name=op.f("fk_payments_match_id_job_matches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_payments_intent_id")),
        sa.UniqueConstraint("session_id", name=op.f("uq_payments_session_id")),
    )
    op.create_index(
        "ix_payments_check_at",
        "payments",
        ["check_at"],
        unique=False,
        postgresql_where=sa.text("check_at IS NOT NULL"),
        sqlite_where=sa.text("check_at IS NOT NULL"),
    )
    op.create_index("ix_payments_employer_id_id", "payments", ["employer_id", "id"], unique=False)
    op.create_index(op.f("ix_payments_match_id"), "payments", ["match_id"], unique=False)
    op.create_index(
        "uq_payments_open",
        "payments",
        ["employer_id", "match_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'requires_action', 'processing')"),
        sqlite_where=sa.text("status IN ('pending', 'requires_action', 'processing')"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.String(length=160), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_disputes_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_disputes_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_disputes_provider_id")),
    )
    op.create_index(op.f("ix_disputes_employer_id"), "disputes", ["employer_id"], unique=False)
    op.create_index(op.f("ix_disputes_payment_id"), "disputes", ["payment_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("event_key", sa.String(length=160), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_ledger_entries_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint(
            "event_key", "account", name=op.f("uq_ledger_entries_event_key_account")
        ),
    )
    op.create_index(
        "ix_ledger_entries_account", "ledger_entries", ["account", "currency"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_entries_payment_id"), "ledger_entries", ["payment_id"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_entries_transaction_id"), "ledger_entries", ["transaction_id"], unique=False
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.String(length=160), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_refunds_provider_id")),
    )
    op.create_index(op.f("ix_refunds_due_at"), "refunds", ["due_at"], unique=False)
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.create_table(
        "unlocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("employer_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("unlocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.id"], name=op.f("fk_unlocks_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(
            ["match_id"], ["job_matches.id"], name=op.f("fk_unlocks_match_id_job_matches")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_unlocks_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(
            ["worker_id"], ["workers.id"], name=op.f("fk_unlocks_worker_id_workers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unlocks")),
        sa.UniqueConstraint(
            "employer_id", "match_id", name=op.f("uq_unlocks_employer_id_match_id")
        ),
        sa.UniqueConstraint("match_id", name=op.f("uq_unlocks_match_id")),
    )
    op.create_index("ix_unlocks_worker_id", "unlocks", ["worker_id"], unique=False)
    for statement in PROTECTION[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Take the change back."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION admin_action_log_refuse() CASCADE")
    op.drop_index("ix_unlocks_worker_id", table_name="unlocks")
    op.drop_table("unlocks")
    op.drop_index(op.f("ix_refunds_payment_id"), table_name="refunds")
    op.drop_index(op.f("ix_refunds_due_at"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_index(op.f("ix_ledger_entries_transaction_id"), table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_payment_id"), table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_account", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index(op.f("ix_disputes_payment_id"), table_name="disputes")
    op.drop_index(op.f("ix_disputes_employer_id"), table_name="disputes")
    op.drop_table("disputes")
    op.drop_index(
        "uq_payments_open",
        table_name="payments",
        postgresql_where=sa.text("status IN ('pending', 'requires_action', 'processing')"),
        sqlite_where=sa.text("status IN ('pending', 'requires_action', 'processing')"),
    )
    op.drop_index(op.f("ix_payments_match_id"), table_name="payments")
    op.drop_index("ix_payments_employer_id_id", table_name="payments")
    op.drop_index(
        "ix_payments_check_at",
        table_name="payments",
        postgresql_where=sa.text("check_at IS NOT NULL"),
        sqlite_where=sa.text("check_at IS NOT NULL"),
    )
    op.drop_table("payments")
    op.drop_index(op.f("ix_lead_reports_employer_id"), table_name="lead_reports")
    op.drop_table("lead_reports")
    op.drop_index(op.f("ix_job_slots_job_id"), table_name="job_slots")
    op.drop_table("job_slots")
    op.drop_index("ix_job_matches_worker_id_id", table_name="job_matches")
    op.drop_index(
        "ix_job_matches_respond_by",
        table_name="job_matches",
        postgresql_where=sa.text("status = 'offered'"),
        sqlite_where=sa.text("status = 'offered'"),
    )
    op.drop_index(
        "ix_job_matches_remind_at",
        table_name="job_matches",
        postgresql_where=sa.text("status = 'offered'"),
        sqlite_where=sa.text("status = 'offered'"),
    )
    op.drop_index("ix_job_matches_job_id_status_score", table_name="job_matches")
    op.drop_index("ix_job_matches_employer_id_status", table_name="job_matches")
    op.drop_table("job_matches")
    op.drop_index("ix_worker_match_cover", table_name="worker_match")
    op.drop_table("worker_match")
    op.drop_index(op.f("ix_worker_availability_worker_id"), table_name="worker_availability")
    op.drop_table("worker_availability")
    op.drop_index(op.f("ix_time_off_worker_id"), table_name="time_off")
    op.drop_table("time_off")
    op.drop_index(op.f("ix_outbox_user_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_subject_id"), table_name="outbox")
    op.drop_index("ix_outbox_state_id", table_name="outbox")
    op.drop_index("ix_outbox_recipient", table_name="outbox")
    op.drop_index(
        "ix_outbox_due",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
        sqlite_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
    )
    op.drop_table("outbox")
    op.drop_index("ix_jobs_status_id", table_name="jobs")
    op.drop_index(
        "ix_jobs_next_wave",
        table_name="jobs",
        postgresql_where=sa.text("status = 'published'"),
        sqlite_where=sa.text("status = 'published'"),
    )
    op.drop_index("ix_jobs_employer_id_id", table_name="jobs")
    op.drop_index(
        "ix_jobs_closes_at",
        table_name="jobs",
        postgresql_where=sa.text("status = 'published'"),
        sqlite_where=sa.text("status = 'published'"),
    )
    op.drop_table("jobs")
    op.drop_index("ix_inbox_person", table_name="inbox")
    op.drop_index(
        "ix_inbox_due",
        table_name="inbox",
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.drop_table("inbox")
    op.drop_index(op.f("ix_blocks_employer_id"), table_name="blocks")
    op.drop_table("blocks")
    op.drop_index("ix_workers_city", table_name="workers")
    op.drop_table("workers")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_employers_company_name"), table_name="employers")
    op.drop_index(op.f("ix_employers_city"), table_name="employers")
    op.drop_table("employers")
    op.drop_index(op.f("ix_consents_user_id"), table_name="consents")
    op.drop_table("consents")
    op.drop_index(op.f("ix_chat_people_user_id"), table_name="chat_people")
    op.drop_table("chat_people")
    op.drop_index("ix_webhook_events_state_id", table_name="webhook_events")
    op.drop_index(
        "ix_webhook_events_due",
        table_name="webhook_events",
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.drop_table("webhook_events")
    op.drop_index(
        "uq_users_worker_phone",
        table_name="users",
        postgresql_where=sa.text("role = 'worker' AND phone_index IS NOT NULL"),
        sqlite_where=sa.text("role = 'worker' AND phone_index IS NOT NULL"),
    )
    op.drop_index("ix_users_role_status_id", table_name="users")
    op.drop_index(op.f("ix_users_phone_index"), table_name="users")
    op.drop_table("users")
    op.drop_table("policy")
    op.drop_index("ix_one_time_codes_subject", table_name="one_time_codes")
    op.drop_index("ix_one_time_codes_purpose_created_at", table_name="one_time_codes")
    op.drop_index(op.f("ix_one_time_codes_expires_at"), table_name="one_time_codes")
    op.drop_table("one_time_codes")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("channel_states")
    op.drop_table("audit_head")
    op.drop_index("ix_admin_action_log_target", table_name="admin_action_log")
    op.drop_index("ix_admin_action_log_at", table_name="admin_action_log")
    op.drop_index(op.f("ix_admin_action_log_actor_id"), table_name="admin_action_log")
    op.drop_index(op.f("ix_admin_action_log_action"), table_name="admin_action_log")
    op.drop_table("admin_action_log")
