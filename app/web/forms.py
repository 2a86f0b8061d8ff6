"""Forms: read, validated by the API's own models, and shown again with what was typed when refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from app.api.http import idempotency
from app.core.errors import DomainError, FieldError, Invalid, TooMany
from app.core.languages import DEFAULT_LANGUAGE
from app.web.site import SeeOther, has_words, words

_NEVER_SHOWN_AGAIN: Final = frozenset(
    {"password", "current_password", "code", "totp", "form_token", "once"}
)
MOST_FIELDS: Final = 200
REFUSALS: Final = (DomainError, ValidationError)
"""What refuses a form in words that its page shows: a verb, or the API's own model of the body."""


@dataclass(frozen=True)
class TypedForm:
    """What was typed, and what is wrong with it, by field."""

    values: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """All values of each field, for those that may be chosen several times."""
    errors: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    """What is wrong with the form as a whole."""
    status: int = 200

    @classmethod
    async def read(cls, request: Request) -> "TypedForm":
        """Return the form of a request; files are left out."""
        sent = await request.form(max_fields=MOST_FIELDS, max_files=0)
        lists: dict[str, list[str]] = {}
        for name, value in sent.multi_items():
            if isinstance(value, str):
                lists.setdefault(name, []).append(value)
        return cls({name: each[-1] for name, each in lists.items()}, lists)

    def get(self, name: str) -> str | None:
        """Return what was typed into a field, None where nothing was."""
        return self.values.get(name, "").strip() or None

    def all(self, name: str) -> list[str]:
        """Return what was chosen of a field, without what is empty."""
        return [each.strip() for each in self.lists.get(name, ()) if each.strip()]

    def shown(self, name: str, otherwise: Any = "") -> Any:
        """Return what the field shows: what was typed, else `otherwise`. Secrets are typed again."""
        if name in _NEVER_SHOWN_AGAIN:
            return ""
        return self.values.get(name, otherwise if otherwise is not None else "")

    def refused(self, error: Exception, language: str) -> "TypedForm":
        """Return the form with what is wrong said in `language`."""
        errors, message, status = describe_error(error, language)
        return replace(self, errors=errors, message=message, status=status)


class Mistyped(Invalid):
    """A field that can't be read; its message is in the reader's language already."""


class FormRefused(Exception):
    """A form can't be accepted: its transaction is rolled back, and `response` shows it again."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("form refused")


def describe_error(error: Exception, language: str) -> tuple[dict[str, str], str, int]:
    """Return what an error says: by field, of the whole, and the HTTP status."""
    if isinstance(error, ValidationError | RequestValidationError):
        found = {_path(item["loc"]): _say_item(item, language) for item in error.errors()}
        return found, words(language, "form.look_again"), 422
    if isinstance(error, Mistyped):
        found = {item.field: item.message for item in error.errors}
        return found, words(language, "form.look_again"), 422
    if isinstance(error, Invalid) and error.errors:
        found = {item.field: _say_field(item, language) for item in error.errors}
        return found, words(language, "form.look_again"), 422
    if isinstance(error, TooMany):
        minutes = max(1, round(error.retry_after_seconds / 60))
        return {}, words(language, "error.rate_limited", minutes=minutes), 429
    if isinstance(error, DomainError):
        return {}, _say(error.reason, error.message, language), 409
    raise error


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location if part not in {"body", "query"})


def _say(code: str, message: str, language: str) -> str:
    key = f"error.{code}"
    if has_words(language, key):
        return words(language, key)
    if language == DEFAULT_LANGUAGE:
        return message
    return words(language, "error.other")


def _say_field(item: FieldError, language: str) -> str:
    """Say what a domain refuses of a field."""
    if language == DEFAULT_LANGUAGE:
        return item.message
    key = f"invalid.{item.field.rsplit('.', 1)[-1]}"
    return words(language, key if has_words(language, key) else "invalid.other")


def _say_item(item: Mapping[str, Any], language: str) -> str:
    """Say one error of validation: by its kind, else as the rule itself says it."""
    key = f"invalid.{item['type']}"
    limits = {name: value for name, value in item.get("ctx", {}).items() if name != "error"}
    if has_words(language, key):
        return words(language, key, **limits) if limits else words(language, key)
    name = str(item["loc"][-1]) if item["loc"] else ""
    if has_words(language, f"invalid.{name}"):
        return words(language, f"invalid.{name}")
    if language == DEFAULT_LANGUAGE:
        said = str(item["msg"]).removeprefix("Value error, ")
        return said[:1].upper() + said[1:].rstrip(".") + "."
    return words(language, "invalid.other")


def checked[Body: BaseModel](model: type[Body], values: Mapping[str, Any]) -> Body:
    """Return the API's body of these values; those that are None are left out. Raises `ValidationError`."""
    given = {name: value for name, value in values.items() if value is not None}
    return model.model_validate(given)


async def once(request: Request, session: Any, owner: str, form: TypedForm, now: Any) -> None:
    """Let this form do once what it does: a second press is led where the first was led.

    Raises `idempotency.Replayed`.
    """
    key = form.values.get("once", "")
    if not key:
        return
    print_ = await idempotency.fingerprint(request)
    try:
        request.state.claim = await idempotency.claim(session, owner, f"page {key}", print_, now)
    except idempotency.KeyReused:
        return  # sent again with other words: another wish
    except idempotency.Replayed as replayed:
        raise idempotency.Replayed(SeeOther(bytes(replayed.response.body).decode())) from None
