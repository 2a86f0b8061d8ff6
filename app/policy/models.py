"""Table of the policy."""

import datetime as dt
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, JsonType


class PolicyRow(Base):
    """The policy in force: one row, absent while all is default."""

    __tablename__ = "policy"

    id: Mapped[int] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JsonType)
    version: Mapped[int]
    updated_at: Mapped[dt.datetime]
