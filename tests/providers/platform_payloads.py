"""Every payload the platform documents, made by hand from its documentation, and what becomes of it.

`payloads/*.json` hold one change a kind (`field` and `value`). `MESSAGES` says of every message how it
is read and what follows for somebody new; `STATUSES` what becomes of the message of ours it is about;
`NEWS` whether somebody is alarmed. A kind without a row here fails the tests, and so does a row too many.
"""

import json
from pathlib import Path
from typing import Any, Final, Literal

type Json = dict[str, Any]

PHONE: Final = "919811100001"
"""Of the person in every payload."""
PERSON_ID: Final = "IN.13491208655302741918"
NEW_PHONE: Final = "919811100002"
NEW_ID: Final = "IN.24817305912873645029"
NUMBER_ID: Final = "106540352242922"
"""Of the number of ours that every change is for."""
OWN_ID: Final = "0198c0de-0000-7000-8000-000000000001"
"""Of the message of ours in every status."""
STAMP: Final = "1795420800"

type Follows = Literal["answered", "heard", "moved", "ignored", "aside"]
"""Somebody new gets an answer · is known but not answered · has other names now · left alone, as if
nothing had come · the item is set aside with its reason."""

MESSAGES: Final[dict[str, tuple[str, str, Follows]]] = {
    # kind: (read as, its content, what follows)
    "text": ("text", "Hello, is there work near Bandra? 🙂", "answered"),
    "text_reply": ("text", "yes", "answered"),
    "text_forwarded": ("text", "Look at this", "answered"),
    "text_about_a_product": ("text", "Is this one free?", "answered"),
    "text_from_an_advertisement": ("text", "I saw your ad", "answered"),
    "text_with_an_identity_check": ("text", "hi", "answered"),
    "image": ("media", "image", "answered"),
    "video": ("media", "video", "answered"),
    "audio": ("media", "audio", "answered"),
    "voice": ("media", "audio", "answered"),
    "document": ("media", "document", "answered"),
    "sticker": ("media", "sticker", "answered"),
    "location": ("location", "19.06 72.83", "answered"),
    "contacts_of_somebody": ("contact", "", "answered"),
    "contacts_own_number": ("contact", f"+{PHONE}", "answered"),
    "button": ("tap", "menu:open", "answered"),
    "button_without_payload": ("tap", "Menu", "answered"),
    "button_reply": ("tap", "language:en", "answered"),
    "list_reply": ("tap", "skill:waiter", "answered"),
    "flow_reply": ("form", "", "answered"),
    "call_permission_reply": ("other", "call_permission_reply", "answered"),
    "order": ("other", "order", "answered"),
    "request_welcome": ("text", "hi", "answered"),
    "reaction": ("reaction", "👍", "heard"),
    "reaction_removed": ("reaction", "", "heard"),
    "edit": ("edit", "edit", "heard"),
    "revoke": ("edit", "revoke", "heard"),
    "unsupported": ("other", "unsupported", "answered"),
    "unknown_with_errors": ("other", "unknown", "answered"),
    "a_type_of_next_year": ("other", "hologram", "answered"),
    "group_text": ("text", "hello all", "ignored"),
    "group_reply": ("text", "me too", "ignored"),
    "our_own_number": ("", "a message of our own", "aside"),
    "id_without_phone": ("text", "hi", "answered"),
    "id_without_phone_or_contact": ("text", "hi", "answered"),
    "id_in_the_contact_only": ("text", "hi", "answered"),
    "id_in_the_phones_place": ("text", "hi", "answered"),
    "id_and_phone_and_parent_id": ("text", "hi", "answered"),
    "username_changed": ("text", "hi", "answered"),
    "number_changed": ("moved", f"+{NEW_PHONE}", "moved"),
    "number_and_id_changed": ("moved", f"+{NEW_PHONE} {NEW_ID}", "moved"),
    "number_changed_the_older_way": ("moved", f"+{NEW_PHONE}", "moved"),
    "identity_changed": ("moved", "", "heard"),
    "id_changed": ("moved", NEW_ID, "moved"),
    "id_changed_with_the_one_before": ("moved", NEW_ID, "moved"),
    "id_changed_by_nobody": ("", "a message from nobody", "aside"),
    "id_changed_of_a_liar": ("", "a message from nobody", "aside"),
    "user_id_update": ("moved", f"+{PHONE} {NEW_ID}", "moved"),
    "call": ("call", "", "heard"),
    "marketing_stopped": ("preference", "stop", "heard"),
    "marketing_resumed_without_phone": ("preference", "resume", "heard"),
}

STATUSES: Final[dict[str, str]] = {
    # kind: the state of a message of ours that had been accepted
    "accepted": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "delivered_to_an_id": "delivered",
    "delivered_by_the_platforms_id": "delivered",
    "read": "read",
    "played": "accepted",
    "failed_unreachable": "failed",
    "failed_window_closed": "delivered",  # sent once more, as a template
    "failed_without_a_reason": "failed",
    "failed_with_a_code_of_next_year": "failed",
    "deleted": "accepted",
    "of_a_group": "delivered",
    "of_a_message_nobody_sent": "accepted",
    "of_somebody_elses_callback": "sent",
}

NEWS: Final[dict[str, tuple[str, bool] | None]] = {
    # kind: (what it says, whether somebody has to look), or None for what is no news of ours
    "account_update_disabled": ("DISABLED_UPDATE", True),
    "account_update_violation": ("ACCOUNT_VIOLATION", True),
    "account_alerts": ("OBA_APPROVED", True),
    "account_review_approved": ("APPROVED", False),
    "quality_flagged": ("FLAGGED", True),
    "quality_upgrade": ("UPGRADE", False),
    "template_paused": ("PAUSED NONE", True),
    "template_approved": ("APPROVED NONE", False),
    "template_quality": ("RED", True),
    "template_category": ("MARKETING", True),
    "template_components": ("", False),
    "number_named": ("", False),
    "capability": ("", True),
    "security": ("PIN_CHANGED", True),
    "flow_status": ("FLOW_STATUS_CHANGE THROTTLED", True),
    "errors_out_of_band": ("130429", True),
    "smb_message_echoes": None,
    "message_echoes": None,
    "history": None,
    "history_refused": None,
    "app_state": None,
    "messages_of_another_apps_turn": None,
    "a_field_of_next_year": ("THOUGHT", False),
}


def _load() -> dict[str, Json]:
    folder = Path(__file__).parent / "payloads"
    return {
        kind: change
        for file in sorted(folder.glob("*.json"))
        for kind, change in json.loads(file.read_text(encoding="utf-8")).items()
    }


CHANGES: Final[dict[str, Json]] = _load()


def webhook(*changes: Json) -> bytes:
    """Return the body of one webhook with these changes, as the platform writes it."""
    entry = {"id": "102290129340398", "changes": list(changes)}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def change_of(kind: str, **instead: str) -> Json:
    """Return a kind's change with texts replaced in it, by what they stand for."""
    text = json.dumps(CHANGES[kind], ensure_ascii=False)
    for before, after in instead.items():
        text = text.replace(_STANDS_FOR[before], after)
    changed: Json = json.loads(text)
    return changed


_STANDS_FOR: Final = {
    "phone": PHONE,
    "person_id": PERSON_ID,
    "new_phone": NEW_PHONE,
    "new_id": NEW_ID,
    "own_id": OWN_ID,
    "number_id": NUMBER_ID,
    "message": '"id": "wamid.',
    "stamp": STAMP,
}
