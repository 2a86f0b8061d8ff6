"""Jobs (vacancies): posting, publishing, their lifecycle."""
