"""Figures: dashboards, statistics, the backlog."""
