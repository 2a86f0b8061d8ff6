"""The Graph API's errors: codes, titles and shapes.

Source: the Cloud API's public table of error codes. Clients branch on the code; the HTTP status
and the title are given because the platform gives them.
"""

import uuid

from starlette.responses import JSONResponse, Response

from sandbox.store import Json

#: code: (HTTP status, title)
CODES: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    1: (500, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    3: (500, "API Method"),
    4: (429, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    17: (400, "User request limit reached"),
    32: (400, "Page request limit reached"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Access token has expired"),
    200: (403, "Permissions error"),
    368: (403, "Temporarily blocked for policies violations"),
    613: (400, "Calls to this api have exceeded the rate limit"),
    2500: (400, "Unknown path components"),
    80007: (429, "Rate limit issues"),
    80008: (429, "There have been too many calls to this WhatsApp Business account"),
    130429: (429, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131037: (
        400,
        "WhatsApp provided number needs display name approval before message can be sent",
    ),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "Meta chose not to deliver"),
    131050: (400, "User has stopped marketing messages from this business"),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business account, consumer account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131062: (400, "Recipient cannot be a business-scoped user ID for this message"),
    131063: (400, "Marketing template messages are not supported on this endpoint"),
    131064: (400, "Message limited due to template classification violations"),
    132000: (400, "Template param count mismatch"),
    132001: (404, "Template does not exist"),
    132005: (400, "Template hydrated text too long"),
    132007: (400, "Template format character policy violated"),
    132008: (400, "Template parameter value is not valid"),
    132012: (400, "Template parameter format mismatch"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "Template parameter validation failed"),
    132068: (400, "Flow is blocked"),
    132069: (400, "Flow is throttled"),
    133000: (500, "Incomplete deregistration"),
    133004: (503, "Server temporarily unavailable"),
    133005: (400, "Two step verification PIN mismatch"),
    133006: (400, "Phone number re-verification needed"),
    133008: (400, "Too many two step verification PIN guesses"),
    133009: (400, "Two step verification PIN guessed too fast"),
    133010: (400, "Phone number not registered"),
    133015: (400, "Please wait a few minutes before attempting to register this phone number"),
    133016: (400, "Account register deregister rate limit exceeded"),
    134100: (400, "Only marketing messages supported"),
    134101: (400, "Template is still syncing"),
    134102: (400, "Template unavailable for use"),
}


class GraphError(Exception):
    """A refused Graph API call; raised anywhere below an endpoint, answered in one place."""

    def __init__(self, code: int, details: str, subcode: int | None = None) -> None:
        """`details` says what was wrong with this call, as `error_data.details` does."""
        super().__init__(details)
        self.code = code
        self.details = details
        self.subcode = subcode

    def response(self) -> JSONResponse:
        """The platform's answer to a refused call."""
        status, title = CODES.get(self.code, (400, "Error"))
        error: Json = {
            "message": f"(#{self.code}) {title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": fbtrace_id(),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.code == 190:
            error["message"] = f"Error validating access token: {self.details}"
            del error["error_data"]
        headers = {"WWW-Authenticate": 'OAuth "Facebook Platform"'} if status == 401 else {}
        return JSONResponse({"error": error}, status_code=status, headers=headers)


def webhook_error(code: int, details: str) -> Json:
    """An error as a `failed` status carries it."""
    title = CODES.get(code, (400, "Error"))[1]
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }


def html_502() -> Response:
    """What a proxy in front of the platform answers, now and then."""
    return Response(
        "<html><head><title>502 Bad Gateway</title></head>"
        "<body><center><h1>502 Bad Gateway</h1></center></body></html>",
        status_code=502,
        media_type="text/html",
    )


def fbtrace_id() -> str:
    """An id in the manner of the platform's trace ids."""
    return "A" + uuid.uuid4().hex[:22]
