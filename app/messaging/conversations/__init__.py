"""Conversations as our team sees them, and their handoff to a human."""
