"""The fault campaign: the real product under every fault at once, and a journal of what it promised.

`python -m campaign --database postgresql --seconds 1800 --seed 1`, or `make campaign`. Workers and
employers use the product over HTTP and WhatsApp while its processes are killed, its database is stopped
and its providers fail. Afterwards everything that was acknowledged must be there, once.
"""
