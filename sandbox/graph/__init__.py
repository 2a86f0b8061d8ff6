"""A faithful stand-in for the part of the WhatsApp Cloud API that the product uses."""
