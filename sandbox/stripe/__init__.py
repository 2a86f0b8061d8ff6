"""A faithful stand-in for the part of Stripe's API that the product uses."""
