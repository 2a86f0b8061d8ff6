"""Contacts: the people at the other end of a channel."""
