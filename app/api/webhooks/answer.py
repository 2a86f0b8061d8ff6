"""What every provider's webhook is answered."""

from pydantic import Field

from app.core.schema import ResponseModel


class Received(ResponseModel):
    """The event is stored, and will be handled."""

    received: bool = Field(default=True, description="Whether the event is stored.")
