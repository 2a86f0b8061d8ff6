"""Conversations as a team sees them, and their handoff to a person."""
