"""Employers: their profile."""
