"""Workers: profile, weekly availability, time off, blocks."""
