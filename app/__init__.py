"""Partimer: a WhatsApp-first marketplace for part-time work, where the accepted worker is the lead."""

__version__ = "0.1.0"
