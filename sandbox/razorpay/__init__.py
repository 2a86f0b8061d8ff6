"""A faithful stand-in for the part of Razorpay's API that the product uses.

Sources: https://razorpay.com/docs/api (payment links, payments, refunds, disputes, settlements) and
https://razorpay.com/docs/webhooks (their events and sample payloads), read in November 2026.
"""
