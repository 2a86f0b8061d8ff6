"""The HTTP edge: one file a role, each parsing, checking and calling one verb."""
