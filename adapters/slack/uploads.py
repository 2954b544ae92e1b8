"""A file for one person: in the direct message between them and the bot, where nobody else sees it."""

import asyncio
from dataclasses import dataclass

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import no_of
from adapters.slack.markup import escaped
from core.attached import Attached

log = structlog.get_logger()

_WITHIN_S = 60.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Uploads:
    """Needs the scopes im:write and files:write."""

    client: AsyncWebClient
    session: aiohttp.ClientSession

    async def hand(self, author: str, attached: Attached) -> bool:
        """Whether ``author`` has ``attached`` as a file now. Raises nothing."""
        try:
            async with asyncio.timeout(_WITHIN_S):
                await self._hand(author, attached)
        except SlackApiError as error:
            log.info("a file was not sent", name=attached.name, reason=str(no_of(error)))
            return False
        except _NotTaken as error:
            log.info("a file was not sent", name=attached.name, reason=str(error))
            return False
        except (aiohttp.ClientError, AttributeError, KeyError, TimeoutError, OSError) as error:
            # slack_sdk raises AttributeError for an answer with status 200 that is a text.
            log.warning("a file was not sent", name=attached.name, reason=type(error).__name__)
            return False
        return True

    async def _hand(self, author: str, attached: Attached) -> None:
        # Half of a surrogate pair can be said in JSON, and in no file.
        data = attached.whole.encode("utf-8", "replace")
        # Slack: a file is shared with a channel, and a user's id is none.
        place = (await self.client.conversations_open(users=author))["channel"]["id"]
        announced = await self.client.files_getUploadURLExternal(filename=attached.name, length=len(data))
        # Slack: the address is secret and needs no token.
        timeout = aiohttp.ClientTimeout(total=_WITHIN_S)
        async with self.session.post(
            announced["upload_url"], data=data, allow_redirects=False, timeout=timeout
        ) as response:
            if response.status != _OK:
                raise _NotTaken(f"HTTP {response.status}")
        await self.client.files_completeUploadExternal(
            files=[{"id": announced["file_id"], "title": attached.name}],
            channel_id=place,
            initial_comment=escaped(attached.summary),
        )


class _NotTaken(Exception):
    """Slack did not take the bytes of a file."""
