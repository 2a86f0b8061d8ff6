"""The application: the one place where the parts meet."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

import app as package
from app import background
from app.api import catalogue as public_catalogue
from app.api import health, matching
from app.api.admin import (
    admins,
    appeals,
    bulk,
    channels,
    conversations,
    explanations,
    ledger,
    logs,
    market,
    merging,
    messages,
    open_items,
    parked,
    personal_data,
    queues,
    reports,
    returns,
    search,
    settings_history,
    stats,
)
from app.api.admin import employers as admin_employers
from app.api.admin import invoices as admin_invoices
from app.api.admin import jobs as admin_jobs
from app.api.admin import payments as admin_payments
from app.api.admin import settings as admin_settings
from app.api.admin import workers as admin_workers
from app.api.application import Application
from app.api.auth import (
    email_link,
    passwords,
    registration,
    reset_page,
    second_factor,
    sessions,
    sign_in,
)
from app.api.employers import (
    balance,
    blocks,
    card,
    forecasts,
    invoices,
    job_events,
    job_templates,
    matches,
    months,
    orders,
    pay_page,
    payments,
    team,
)
from app.api.employers import data as employer_data
from app.api.employers import jobs as employer_jobs
from app.api.employers import profile as employer_profile
from app.api.http import problems, reference_pages
from app.api.http.local_only import LocalOnly
from app.api.http.middleware import RequestContext
from app.api.webhooks import payments as payment_webhooks
from app.api.webhooks import whatsapp as whatsapp_webhook
from app.api.workers import data as worker_data
from app.api.workers import hours as worker_hours
from app.api.workers import offers as worker_offers
from app.api.workers import profile as worker_profile
from app.api.workers import reliability as worker_reliability
from app.catalogue import phonetic_search, places
from app.core import gc_tuning
from app.core.clocks import Clock
from app.core.languages import languages
from app.core.logging import configure_logging, logger
from app.core.settings import (
    SANDBOX_AVAILABILITY_FLOW_ID,
    ConfigurationError,
    Settings,
    listening_address,
    load_settings,
)
from app.identity import redis_sessions
from app.identity.sessions import SessionsDown
from app.nlu import job_request
from app.providers.whatsapp import flows, templates
from app.providers.wiring import currency_problems
from app.runtime import Runtime, running, wall_clock
from app.texts.catalogue import get_catalogue
from app.web import (
    account,
    company,
    components,
    forecast,
    leads,
    money,
    place_map,
    public,
    routes,
    sandbox_answers,
    site,
)
from app.web import job_templates as template_pages
from app.web import jobs as job_pages
from app.web import team as team_pages
from app.web.console import rooms as console

# A request tries them in this order, so the busiest come first.
ROUTERS = (
    whatsapp_webhook.router,
    worker_offers.router,
    health.router,
    registration.router,
    sign_in.router,
    passwords.router,
    sessions.router,
    second_factor.router,
    worker_profile.router,
    worker_reliability.router,
    worker_hours.router,
    worker_data.router,
    employer_profile.router,
    employer_data.router,
    blocks.router,
    forecasts.router,
    employer_jobs.router,
    job_events.router,
    job_templates.router,
    matches.router,
    months.router,
    payments.router,
    invoices.router,
    orders.router,
    balance.router,
    card.router,
    team.router,
    pay_page.router,
    reset_page.router,
    admin_workers.router,
    admin_employers.router,
    admins.router,
    bulk.router,
    personal_data.router,
    merging.router,
    queues.router,
    admin_jobs.router,
    explanations.router,
    conversations.router,
    logs.router,
    stats.router,
    market.router,
    admin_settings.router,
    settings_history.router,
    admin_payments.router,
    admin_invoices.router,
    channels.router,
    messages.router,
    parked.router,
    reports.router,
    appeals.router,
    open_items.router,
    returns.router,
    ledger.router,
    search.router,
    email_link.router,
    email_link.page_router,
    matching.router,
    public_catalogue.router,
    payment_webhooks.router,
    public.welcome_router,
)
PAGE_ROUTERS = (
    public.router,
    account.router,
    company.router,
    forecast.router,
    template_pages.router,
    place_map.router,
    job_pages.router,
    leads.router,
    money.router,
    *console.ROUTERS,
    team_pages.router,
)
"""What people see in a browser; not part of the API's document."""

DESCRIPTION = """\
Workers register, answer offers and leave in WhatsApp; employers post jobs and pay once for each worker
who accepted (the lead) to unlock that worker's contact, for good. Errors are `application/problem+json`
with a stable `code`. Lists are pages: follow `next_cursor`."""


def create_app(
    settings: Settings | None = None, clock: Clock = wall_clock, *, loops: bool | None = None
) -> FastAPI:
    """Build the application. Raises `ConfigurationError` when the environment can't be used.

    `clock` gives every request's instant; `loops` overrides the setting BACKGROUND_LOOPS.
    """
    settings = settings or load_settings()
    if problems_of_currency := currency_problems(settings):
        raise ConfigurationError(problems_of_currency)
    configure_logging(json_lines=settings.is_production, level=settings.log_level)
    with_loops = loops if loops is not None else settings.background_loops == "on"

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(running(settings, clock))
            application.state.runtime = runtime
            if settings.serves_sandbox:
                await stack.enter_async_context(application.state.sandbox.running())
            if with_loops:
                await stack.enter_async_context(background.loops(runtime))
            checking = asyncio.create_task(_warn_of_cache(runtime))
            warming = asyncio.create_task(asyncio.to_thread(_warm_up, settings))
            stack.push_async_callback(asyncio.wait, [warming, checking])
            logger().info(
                "started",
                version=package.__version__,
                environment=settings.environment,
                database=runtime.database.url.drivername,
            )
            _warn_of_open_server(settings)
            yield

    document_url = "/openapi.json" if settings.serves_openapi else None
    application = Application(
        title="Partimer",
        version=package.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=document_url,
        docs_url=None,
        redoc_url=None,
        # Not include_router: it builds every route twice and adds a layer of look-up for each router.
        routes=[
            *(route for router in (*ROUTERS, *PAGE_ROUTERS) for route in router.routes),
            *site.ROUTES,
            *(components.router.routes if settings.serves_sandbox else ()),
            *(sandbox_answers.router.routes if settings.simulates_whatsapp else ()),
            *(reference_pages.ROUTES if document_url else ()),
        ],
    )
    problems.install(application)
    routes.install(application)
    if settings.serves_sandbox:
        _mount_sandbox(application, settings, clock)
    if settings.cors_origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    application.add_middleware(
        RequestContext,
        hosts=_hosts(settings),
        max_body_bytes=settings.max_body_bytes,
        production=settings.is_production,
    )
    application.openapi = lambda: _document(application)  # type: ignore[method-assign]
    return application


async def _warn_of_cache(runtime: Runtime) -> None:
    """Log how the cache is configured to lose sessions; readiness reports one that is down."""
    if runtime.redis is not None:
        with suppress(SessionsDown):
            for sentence in await redis_sessions.durability_warnings(runtime.redis):
                logger().warning("cache_forgets_sessions", reason=sentence)


def _warm_up(settings: Settings) -> None:
    """Load what the first request would otherwise wait for: the map, the texts and the vocabularies.

    It stays, so the collector is kept away from it as from the program itself: it would walk over all of it for a tenth
    of a second, again and again, while requests wait. Not in tests, of which one process runs many applications.
    """
    places.main_time_zone(places.HOME)
    if settings.is_production:
        # Takes a second, which hardly any test needs.
        phonetic_search.warm_up()
        places.warm_up_localities()
    for language in languages():
        get_catalogue(language)
    job_request.warm_up()
    if settings.environment != "test":
        gc_tuning.freeze()


def _hosts(settings: Settings) -> list[str]:
    """Return the host names that are served; an empty list means every one."""
    if not settings.is_production:
        return []
    return [urlsplit(settings.base_url).hostname or "", "localhost", "127.0.0.1"]


def _warn_of_open_server(settings: Settings) -> None:
    """Log a warning where a development server, whose secrets are public, listens to the whole network."""
    host = listening_address()
    if not settings.is_production and host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - looked for
        logger().warning(
            "development_server_is_open_to_the_network",
            address=host,
            reason="its secrets are known, so whoever reaches it can sign in as anybody",
        )


def _mount_sandbox(application: FastAPI, settings: Settings, clock: Clock) -> None:
    """Mount the stand-ins for WhatsApp, Stripe and Razorpay (development and tests only)."""
    from sandbox import SandboxConfig, create_sandbox

    local = f"http://127.0.0.1:{settings.port}"
    sandbox = create_sandbox(
        SandboxConfig(
            journal=settings.sandbox_journal,
            whatsapp_token=settings.whatsapp_token or "",
            whatsapp_app_secret=settings.whatsapp_secret or "",
            phone_number_id=settings.whatsapp_number,
            throughput_per_second=settings.whatsapp_pace,
            waba_id=settings.whatsapp_account,
            graph_version=settings.whatsapp_api_version,
            stripe_secret_key=settings.stripe_key or "",
            stripe_webhook_secret=settings.stripe_webhook_secrets[0],
            interpreter_key=settings.interpreter_secret,
            whatsapp_webhook_url=f"{local}/api/webhooks/whatsapp",
            stripe_webhook_url=f"{local}/api/webhooks/stripe",
            razorpay_key_id=(settings.razorpay_key or ("", ""))[0],
            razorpay_key_secret=(settings.razorpay_key or ("", ""))[1],
            razorpay_webhook_secret=settings.razorpay_webhook_secrets[0],
            razorpay_webhook_url=f"{local}/api/webhooks/razorpay",
            session_clock=lambda: clock().timestamp(),
            public_url=settings.base_url,
            limits=settings.environment != "test",
            delivered_after_seconds=0.0 if settings.environment == "test" else 0.05,
            templates=tuple(templates.definitions()),
            flows=({"id": SANDBOX_AVAILABILITY_FLOW_ID, **flows.definition()},),
        )
    )
    application.state.sandbox = sandbox
    application.mount("/sandbox", sandbox if settings.sandbox == "public" else LocalOnly(sandbox))


def _document(application: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; imported late, because hardly any process needs it."""
    from app.api.http import openapi

    return openapi.build(application)


def __getattr__(name: str) -> Any:
    """Build `app` on first use, so that importing this module needs no environment."""
    if name == "app":
        try:
            globals()["app"] = create_app()
            gc_tuning.freeze()
        except ConfigurationError as error:
            sys.exit(f"Partimer can't start in this environment:\n{error}")
        return globals()["app"]
    raise AttributeError(name)
