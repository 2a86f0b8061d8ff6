"""Path and query parameters that several routes share."""

from enum import StrEnum
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Path, Query
from pydantic import BeforeValidator

from app.core.languages import Language
from app.core.schema import clean_text

JobId = Annotated[UUID, Path(description="Id of the job (UUIDv7).")]
MatchId = Annotated[UUID, Path(description="Id of the match (UUIDv7).")]
OfferId = Annotated[UUID, Path(description="Id of the offer (UUIDv7).")]
InvoiceId = Annotated[UUID, Path(description="Id of the invoice (UUIDv7).")]
PaymentId = Annotated[UUID, Path(description="Id of the payment (UUIDv7).")]
OrderId = Annotated[UUID, Path(description="Id of the order (UUIDv7).")]
WorkerId = Annotated[UUID, Path(description="Id of the worker's account (UUIDv7).")]
EmployerId = Annotated[UUID, Path(description="Id of the employer's account (UUIDv7).")]
SessionId = Annotated[UUID, Path(description="Id of the session (UUIDv7).")]
SlotId = Annotated[UUID, Path(description="Id of the weekly slot (UUIDv7).")]
TimeOffId = Annotated[UUID, Path(description="Id of the time off (UUIDv7).")]
ConversationId = Annotated[UUID, Path(description="Id of the conversation (UUIDv7).")]
MessageId = Annotated[UUID, Path(description="Id of the message (UUIDv7).")]
WebhookId = Annotated[UUID, Path(description="Id of the stored event (UUIDv7).")]
InboxId = Annotated[UUID, Path(description="Id of the message that came in (UUIDv7).")]
SubjectId = Annotated[UUID, Path(description="Id of what the work is about (UUIDv7).")]
MemberId = Annotated[UUID, Path(description="Id of the member (UUIDv7).")]
AdminId = Annotated[UUID, Path(description="Id of the administrator (UUIDv7).")]
OpenItemId = Annotated[UUID, Path(description="Id of the open item (UUIDv7).")]
RefundId = Annotated[UUID, Path(description="Id of the refund (UUIDv7).")]
AppealId = Annotated[UUID, Path(description="Id of the appeal (UUIDv7).")]
ReportId = Annotated[UUID, Path(description="Id of the report (UUIDv7).")]

_State = TypeVar("_State", bound=StrEnum)
InStatus = Annotated[_State | None, Query(description="Only those that stand here.")]
InState = Annotated[_State | None, Query(description="Only those in this state.")]
ListedEmployer = Annotated[UUID | None, Query(description="Only those of this employer, by id.")]
ListedWorker = Annotated[UUID | None, Query(description="Only those of this worker, by id.")]
ListedUser = Annotated[UUID | None, Query(description="Only those of this account, by id.")]
ListedText = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=100,
        description="Only those whose words have this in them, whatever the case.",
    ),
    BeforeValidator(clean_text),
]
"""The text by which a list is narrowed, cleaned as stored texts are: NUL is refused, "é" is one character."""
Verified = Annotated[
    bool | None, Query(description="Only accounts that an administrator has checked, or has not.")
]
NamesLanguage = Annotated[
    Language, Query(description="Language of `name`; names in all languages are searched.")
]
