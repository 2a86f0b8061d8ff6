"""The database: sessions and units of work, engines, statements, and what is due."""
