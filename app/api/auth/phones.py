"""A phone in a request body: read, and counted against its limits."""

from app.api.http.dependencies import limit_subject
from app.core.errors import Invalid
from app.core.phones import parse_phone
from app.identity import users
from app.runtime import Runtime


def read_phone(text: str, runtime: Runtime) -> str:
    """Return a body's `phone` in E.164. Raises `Invalid`."""
    try:
        return parse_phone(text, runtime.settings.default_country)
    except ValueError as error:
        raise Invalid.field("phone", str(error)) from None


async def limit_phone(runtime: Runtime, limit: str, phone: str, address: str) -> None:
    """Count against `limit` of this phone from this address, such as "code:phone_here"."""
    subject = users.index_of_phone(runtime.keyring, phone)
    await limit_subject(runtime, limit, f"{subject} {address}")
