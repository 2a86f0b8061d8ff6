"""What a forked process has loaded already: the product, and what its start reads before the first request."""

import campaign.product  # noqa: F401 - for its imports
from app.core.settings import Settings
from app.main import _warm_up

_warm_up(Settings(_env_file=None, environment="test"))
