"""Statements by which the database itself guards the ledger, by dialect; the migration runs them too.

Rows are only added, and the entries of a transaction sum to zero in each currency when it commits. PostgreSQL
has deferred constraint triggers for that. SQLite has none, but it has deferred foreign keys: while the sum is
not zero, a trigger lets `ledger_transactions.imbalance` refer to a row that does not exist, and SQLite refuses
to commit that.
"""

from typing import Final

_TABLES: Final = ("ledger_transactions", "ledger_entries")
_REFUSAL: Final = "the ledger is append-only"
_HEADER: Final = "id, kind, event_key, occurred_at, booked_at, provider, provider_ref, payment_id"
"""Every column of a transaction but `imbalance`, which SQLite's trigger below writes."""


def _refuse_on_sqlite(table: str, verb: str, what: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {what} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )


PROTECTION: Final = {
    "sqlite": (
        _refuse_on_sqlite("ledger_transactions", "update", f"UPDATE OF {_HEADER}"),
        _refuse_on_sqlite("ledger_entries", "update", "UPDATE"),
        *(_refuse_on_sqlite(table, "delete", "DELETE") for table in _TABLES),
        """CREATE TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries BEGIN
        UPDATE ledger_transactions SET imbalance = CASE WHEN EXISTS (
            SELECT 1 FROM ledger_entries WHERE transaction_id = NEW.transaction_id
            GROUP BY currency HAVING sum(amount) <> 0) THEN 'unbalanced' END
        WHERE id = NEW.transaction_id; END""",
    ),
    "postgresql": (
        f"""CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
        *(
            f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"""
            for table in _TABLES
        ),
        """CREATE FUNCTION ledger_check_sum() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF EXISTS (
                SELECT 1 FROM ledger_entries WHERE transaction_id = NEW.transaction_id
                GROUP BY currency HAVING sum(amount) <> 0) THEN
                RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.transaction_id
                USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$""",
        """CREATE CONSTRAINT TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_sum()""",
    ),
}

REMOVAL: Final = {
    "sqlite": (
        "DROP TRIGGER ledger_entries_sum",
        *(f"DROP TRIGGER {table}_no_{verb}" for table in _TABLES for verb in ("update", "delete")),
    ),
    "postgresql": (
        "DROP FUNCTION ledger_check_sum() CASCADE",
        "DROP FUNCTION ledger_refuse() CASCADE",
    ),
}
"""Statements that take `PROTECTION` away again."""
