"""Every column of text is declared here with what it may hold: a new one fails until somebody has thought.

A person's address, mailbox, phone, message and free text are sealed, so none of them is in this list. Names
stand in clear because they are searched, job texts because everybody who is asked reads them.
"""

from sqlalchemy import JSON, String

from app.database.schema import load_models

CODES = """
admin_action_log.actor_role admin_action_log.action admin_action_log.target_type
admin_action_log.target_id admin_action_log.reason admin_action_log.before admin_action_log.after
admin_action_log.key_id channel_states.channel channel_states.turns channel_states.reason channel_states.refused
message_templates.name message_templates.language message_templates.reason message_templates.category
kept_figures.name one_time_codes.purpose policy.values response_curves.values users.role users.status users.language users.admin_role team_members.role team_members.limit_currency
webhook_events.provider webhook_events.kind webhook_events.state webhook_events.error
work_attempts.kind work_attempts.error
account_marks.kind free_leads.kind chat_people.channel chat_people.language chat_people.paused_why
consents.purpose consents.wording_version consents.language consents.channel
platform_notices.kind platform_notices.about platform_notices.language platform_notices.event
platform_notices.detail
inbox.channel inbox.state inbox.error jobs.status jobs.may_widen jobs.salary_currency jobs.salary_per jobs.review_status
outbox.key outbox.channel outbox.kind outbox.language outbox.state outbox.form outbox.held_why
outbox.cost_category outbox.error_code outbox.error
job_matches.status job_matches.price_currency job_matches.why lead_reports.status
lead_reports.kind lead_reports.refund_to reliability_appeals.about reliability_appeals.status
payments.status payments.currency payments.failure_code
orders.kind orders.status orders.currency orders.pay_with orders.quote orders.coupon
payment_attempts.provider payment_attempts.idempotency_key payment_attempts.status payment_attempts.failure_code
disputes.status disputes.currency kept_cards.brand kept_cards.last4
ledger_entries.event_key ledger_entries.account ledger_entries.currency
early_events.kind early_events.status early_events.body
open_items.kind open_items.key open_items.currency open_items.details open_items.outcome
ledger_accounts.type ledger_accounts.currency ledger_accounts.provider
ledger_transactions.kind ledger_transactions.event_key ledger_transactions.provider
refunds.status refunds.refund_to refunds.currency refunds.failure_code idempotency_keys.key
invoice_series.year invoice_series.kind invoices.source invoices.kind invoices.year invoices.number
invoices.currency bulk_actions.action bulk_actions.target bulk_items.state bulk_items.code
"""
"""Words of the program or of a provider, ids of rows, and by which digits an owner knows a card."""

CATALOGUE = """
workers.city workers.skills workers.time_zone worker_match.time_zone worker_skill_match.time_zone
jobs.category jobs.time_zone jobs.required_skills jobs.preferred_skills kept_figures.figures
"""
"""Words of the catalogue. A city of before may be free text; nobody but the worker reads it then."""

HASHES = """
admin_action_log.previous_hash admin_action_log.hash audit_head.hash
idempotency_keys.fingerprint idempotency_keys.owner one_time_codes.subject one_time_codes.code_hash
one_time_codes.asked_from users.email_index users.password_hash users.phone_index
chat_people.phone_index account_marks.mark free_leads.mark employers.proven_phone_index
employers.opened_by_phone_index sessions.refresh_hash
webhook_events.event_id outbox.recipient_index platform_notices.content_key
chat_people.other_phone_index sign_in_tries.key
"""
"""Keyed hashes, hashes of random values, passwords by Argon2id, and ids."""

PLATFORM_IDS = """
users.chat_user_id chat_people.platform_user_id inbox.message_id outbox.provider_id
employers.provider_customer_id payments.session_id payments.intent_id payments.checkout_url
early_events.intent_id early_events.object_id disputes.provider_id refunds.provider_id
outbox.number_id ledger_transactions.provider_ref
payment_attempts.session_id payment_attempts.intent_id payment_attempts.checkout_url
payment_attempts.request
"""
"""Ids that mean something to a provider only."""

NAMES = "users.name employers.company_name"
"""In clear, because administrators search them by a part."""

COMPANY = """
employers.city employers.tax_id jobs.city payments.quote invoice_series.seller invoices.seller
invoices.snapshot
"""
"""A company's, which is no person; an invoice says its name, city and tax number for as long as the law wants."""

JOB_TEXTS = "jobs.title job_templates.name jobs.description jobs.review_findings jobs.review_note"
"""What workers are told of a job, and what the review found in it."""

FORGOTTEN = """
job_matches.reject_reason lead_reports.reason refunds.reason open_items.reason chat_people.state
reliability_appeals.reason
"""
"""What somebody said in passing: emptied when the worker it is about, or who said it, is erased."""

EMPTIED = "users.email employers.address jobs.address workers.bio"
"""In clear until `app.privacy.sealing` has sealed it; nothing is written there any more."""

KINDS = (CODES, CATALOGUE, HASHES, PLATFORM_IDS, NAMES, COMPANY, JOB_TEXTS, FORGOTTEN, EMPTIED)


def test_every_column_of_text_is_declared_once() -> None:
    texts = {
        f"{table.name}.{column.name}"
        for table in load_models().sorted_tables
        for column in table.c
        if isinstance(column.type, String | JSON)
    }
    assert sorted(column for kind in KINDS for column in kind.split()) == sorted(texts)
