"""Media: uploaded, described with a short-lived address, downloaded, deleted."""

import base64
import hashlib
import time
import uuid

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from sandbox.config import SandboxConfig
from sandbox.graph import limits
from sandbox.graph.errors import GraphError
from sandbox.store import Json, Store

#: The media types that the platform takes, and the bytes of each kind.
_SIZES = {
    limits.IMAGE_BYTES: ("image/jpeg", "image/png"),
    limits.STICKER_BYTES: ("image/webp",),
    limits.SOUND_BYTES: (
        *("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
        *("video/3gpp", "video/mp4"),
    ),
    limits.MEDIA_BYTES: (
        *("text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel"),
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}
_MOST_BYTES = {kind: size for size, kinds in _SIZES.items() for kind in kinds}

#: What a person's phone sends when nothing else is given: the smallest picture there is.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_FROM_PEOPLE = {
    "image": ("image/png", _PIXEL),
    "audio": ("audio/ogg; codecs=opus", b"OggS sandbox"),
    "video": ("video/mp4", b"ftypisom sandbox"),
    "document": ("application/pdf", b"%PDF-1.4 sandbox"),
    "sticker": ("image/webp", b"RIFF sandbox WEBP"),
}


async def upload(store: Store, request: Request) -> Json:
    """Keep a file sent as a form. Raises GraphError 100 or 131053."""
    if int(request.headers.get("content-length") or 0) > limits.MEDIA_BYTES:
        raise GraphError(131053, "The file is too large.")
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file, kind = form.get("file"), form.get("type")
            if form.get("messaging_product") != "whatsapp":
                raise GraphError(
                    100, "The parameter messaging_product is required and is whatsapp."
                )
            if not isinstance(file, UploadFile):
                raise GraphError(100, "The parameter file is required.")
            content = await file.read()
            given = file.content_type or "application/octet-stream"
    except MultiPartException as error:
        raise GraphError(100, str(error)) from None
    except HTTPException as error:
        raise GraphError(100, error.detail) from None
    mime_type = kind if isinstance(kind, str) else given
    most = _MOST_BYTES.get(mime_type.partition(";")[0].strip().lower())
    if most is None:
        raise GraphError(
            100,
            "Param file must be a file with one of the following types:"
            f" {', '.join(_MOST_BYTES)}. Received file of type '{mime_type}'.",
        )
    if len(content) > most:
        raise GraphError(131053, f"A file of type {mime_type} has at most {most} bytes.")
    return {"id": _keep(store, mime_type, content)}


def from_person(store: Store, kind: str) -> Json:
    """A file that a person sends, as a webhook names it; the business can download it."""
    mime_type, content = _FROM_PEOPLE[kind]
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"id": _keep(store, mime_type, content), "mime_type": mime_type, "sha256": digest}


def _keep(store: Store, mime_type: str, content: bytes) -> str:
    id_ = str(uuid.uuid4().int)[:16]
    with store.write() as db:
        db.execute(
            "INSERT INTO media VALUES (?, ?, ?, ?, ?)",
            (id_, mime_type, hashlib.sha256(content).hexdigest(), content, time.time()),
        )
    return id_


def described(config: SandboxConfig, store: Store, id_: str) -> Json:
    """Where the file is to be had. Raises GraphError 100 where there is none."""
    row = store.db.execute(
        "SELECT mime_type, sha256, length(content) AS size FROM media WHERE id = ?", (id_,)
    ).fetchone()
    if row is None:
        raise GraphError(100, f"Object with ID '{id_}' does not exist.")
    return {
        "messaging_product": "whatsapp",
        "url": config.url(f"/whatsapp/_media/{id_}"),
        "mime_type": row["mime_type"],
        "sha256": row["sha256"],
        "file_size": row["size"],
        "id": id_,
    }


def download(store: Store, id_: str) -> Response:
    """The file itself, never shown by a browser as part of this site."""
    row = store.db.execute("SELECT mime_type, content FROM media WHERE id = ?", (id_,)).fetchone()
    if row is None:
        raise GraphError(100, f"Object with ID '{id_}' does not exist.")
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(row["content"], media_type=row["mime_type"], headers=headers)


def delete(store: Store, id_: str) -> bool:
    """Remove a file. Raises GraphError 100 where there is none."""
    with store.write() as db:
        if not db.execute("DELETE FROM media WHERE id = ?", (id_,)).rowcount:
            raise GraphError(100, f"Object with ID '{id_}' does not exist.")
    return True
