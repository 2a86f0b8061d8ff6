"""The administrator of a route, by the permission it needs; `identity.permissions` grants them."""

from typing import Annotated

from fastapi import Depends

from app.api.http.dependencies import Permitted
from app.identity.actor import Actor
from app.identity.permissions import Permission

AnyAdmin = Annotated[Actor, Depends(Permitted(Permission.BE_ADMIN))]
AdminManager = Annotated[Actor, Depends(Permitted(Permission.MANAGE_ADMINS))]
PeopleReader = Annotated[Actor, Depends(Permitted(Permission.READ_PEOPLE))]
PeopleModerator = Annotated[Actor, Depends(Permitted(Permission.MODERATE_PEOPLE))]
PeopleCorrector = Annotated[Actor, Depends(Permitted(Permission.CORRECT_PEOPLE))]
DataKeeper = Annotated[Actor, Depends(Permitted(Permission.KEEP_DATA_RIGHTS))]
BulkActor = Annotated[Actor, Depends(Permitted(Permission.ACT_IN_BULK))]
JobReader = Annotated[Actor, Depends(Permitted(Permission.READ_JOBS))]
JobModerator = Annotated[Actor, Depends(Permitted(Permission.MODERATE_JOBS))]
MoneyReader = Annotated[Actor, Depends(Permitted(Permission.READ_MONEY))]
MoneyMover = Annotated[Actor, Depends(Permitted(Permission.MOVE_MONEY))]
MessageReader = Annotated[Actor, Depends(Permitted(Permission.READ_MESSAGES))]
MessageRetrier = Annotated[Actor, Depends(Permitted(Permission.RETRY_MESSAGES))]
ConversationReader = Annotated[Actor, Depends(Permitted(Permission.READ_CONVERSATIONS))]
Converser = Annotated[Actor, Depends(Permitted(Permission.CONVERSE))]
LogReader = Annotated[Actor, Depends(Permitted(Permission.READ_LOG))]
StatsReader = Annotated[Actor, Depends(Permitted(Permission.READ_STATS))]
SettingsReader = Annotated[Actor, Depends(Permitted(Permission.READ_SETTINGS))]
SettingsChanger = Annotated[Actor, Depends(Permitted(Permission.CHANGE_SETTINGS))]
