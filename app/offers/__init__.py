"""Offers: a worker matched to a job.

The row of `job_matches` is an *offer* to the worker who answers it, a *match* to the system that made
it, and a *lead* to the employer who pays for its contact.
"""
