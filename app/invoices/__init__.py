"""Invoices, credit notes and debit notes: numbered without a gap, kept as they were issued."""
