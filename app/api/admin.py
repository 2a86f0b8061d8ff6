"""Administrators: `/api/admin`."""

from fastapi import APIRouter

from app.api import (
    admin_conversations,
    admin_jobs,
    admin_messages,
    admin_operations,
    admin_people,
    admin_records,
    admin_reports,
)

router = APIRouter(prefix="/api/admin", tags=["admin"])

for part in (
    admin_people,
    admin_jobs,
    admin_records,
    admin_operations,
    admin_messages,
    admin_reports,
    admin_conversations,
):
    router.include_router(part.router)
