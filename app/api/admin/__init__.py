"""Routes of administrators."""
