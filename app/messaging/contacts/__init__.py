"""Contacts: who is at the other end of a channel."""
