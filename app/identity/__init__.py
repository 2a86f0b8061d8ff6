"""Users, roles and permissions, sign-in, sessions, one-time codes."""
