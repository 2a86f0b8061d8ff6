"""Messaging: what goes out (outbox), what comes in (inbox), in which words, by which channel."""
