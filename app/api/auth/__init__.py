"""Routes of registration, sign-in and one's own account."""
