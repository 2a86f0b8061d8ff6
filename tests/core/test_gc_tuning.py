"""What a process loads for good is not looked through for garbage."""

import gc

from app.core.settings import Settings
from app.main import _warm_up


def test_what_a_server_loads_before_its_first_request_is_set_aside() -> None:
    gc.collect()
    before = gc.get_freeze_count()
    made_meanwhile = [[number] for number in range(1_000)]
    _warm_up(Settings(_env_file=None, environment="test"))
    assert gc.get_freeze_count() <= before, "one process of tests runs many applications"
    _warm_up(Settings(_env_file=None, environment="development"))
    assert gc.get_freeze_count() >= before + len(made_meanwhile)
    assert gc.isenabled()
