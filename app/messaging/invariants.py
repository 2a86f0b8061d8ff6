"""Invariants of messages: none is lost, none is given up without a reason."""

from typing import Final

from sqlalchemy import and_, exists, or_

from app.core.invariants import always
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)

_GIVEN_UP: Final = (OutboxState.FAILED, OutboxState.DEAD, OutboxState.SUPPRESSED)
_NAMELESS: Final = exists().where(
    ChatPerson.id == InboxItem.person_id,
    ChatPerson.phone_index.is_(None),
    ChatPerson.platform_user_id.is_(None),
)

INVARIANTS: Final = (
    always(
        "every message to somebody is in a state there is",
        OutboxMessage,
        OutboxMessage.state.not_in(list(OutboxState)),
    ),
    always(
        "a message that was given up says why",
        OutboxMessage,
        OutboxMessage.error.is_(None),
        OutboxMessage.state.in_(_GIVEN_UP),
    ),
    always(
        "a message that is being sent comes back when its sender dies",
        OutboxMessage,
        or_(OutboxMessage.lease_until.is_(None), OutboxMessage.due_at > OutboxMessage.lease_until),
        OutboxMessage.state == OutboxState.SENDING,
    ),
    always(
        "a message that arrived says when it was sent",
        OutboxMessage,
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.state.in_((OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ)),
    ),
    *(
        always(
            sentence,
            of,
            or_(
                of.state.not_in(list(WebhookState)),
                and_(of.state == WebhookState.DEAD, of.error.is_(None)),
                and_(of.state == WebhookState.HANDLED, of.handled_at.is_(None)),
            ),
        )
        for sentence, of in (
            ("every webhook is handled, waits, or says why not", WebhookEvent),
            ("every message of somebody is handled, waits, or says why not", InboxItem),
        )
    ),
    always(
        "who waits for an answer can be reached",
        InboxItem,
        _NAMELESS,
        InboxItem.state == WebhookState.WAITING,
    ),
)
