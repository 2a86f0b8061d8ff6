"""Messaging: transport of messages, which knows no dialogue."""
