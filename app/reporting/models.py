"""Table of figures that are kept so that no page has to count them."""

import datetime as dt
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Base, JsonType


class KeptFigures(Base):
    """Figures by their name, as they were at an instant; counted anew, never added to."""

    __tablename__ = "kept_figures"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[dt.datetime]
    figures: Mapped[dict[str, Any]] = mapped_column(JsonType)
