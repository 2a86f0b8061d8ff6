"""What each running world would make anew at its start, and what is made once for all of them instead."""

import os
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.core.settings import SANDBOX_AVAILABILITY_FLOW_ID, Settings
from app.providers.whatsapp import flows, templates
from sandbox.graph.flows import seed as seed_flows
from sandbox.graph.templates import seed as seed_templates
from sandbox.store import Store
from tests.infra.run import run_folder

# Every world registers the same templates, each rendered from its text with an example.
templates.definitions = cache(templates.definitions)


class GivenSettings(Settings):
    """Settings that a test gives: the environment is not read, which takes longer than all the rest."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@cache
def seeded_journal() -> Path:
    """Return the sandbox's file as its first start leaves it, to be copied: making it takes longer."""
    file = run_folder() / f"sandbox-{os.getpid()}.db"
    store = Store(file)
    seed_templates(store, templates.definitions())
    seed_flows(store, [{"id": SANDBOX_AVAILABILITY_FLOW_ID, **flows.definition()}])
    store.close()  # closing the last connection folds the write-ahead log into the file
    return file
