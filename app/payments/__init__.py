"""Payments: the price of a lead, its unlock, the ledger, refunds and disputes."""
