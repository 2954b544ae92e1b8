from dataclasses import dataclass
from typing import Literal

from tests.doubles.slack.channel import PATIENCE_S, Channel
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json, Message, StreamState, User
from tests.doubles.slack.socket_mode import Delivery
from tests.doubles.slack.streams import expire
from tests.doubles.slack.workspace import View, Workspace

_JOINED = {"channel": "channels", "group": "groups"}
"""Slack: the scopes that cover the kinds of channels that one joins."""


@dataclass(frozen=True, slots=True)
class Acts:
    """What people do besides writing. Every act returns when it was acked or its time ran out."""

    workspace: Workspace

    async def click(self, user: User, message: Message, action: Json) -> Delivery:
        """A button or select under a message, as `{"action_id": .., "value": ..}` and its like.

        Raises ValueError when the message shows no such element.
        """
        block = next(
            (one for one in message.blocks if action["action_id"] in _action_ids(one)),
            None,
        )
        if block is None:
            raise ValueError(f"no element {action['action_id']} under message {message.ts}")
        channel = self.workspace.channel(message.channel)
        url, _ = self.workspace.parts.hooks.response_url(lambda body: channel.answer(user.id, body, message))
        place = {"type": "message", "message_ts": message.ts, "channel_id": channel.id, "is_ephemeral": False}
        if message.thread_ts:
            place["thread_ts"] = message.thread_ts
        payload = {
            "type": "block_actions",
            "container": place,
            "channel": {"id": channel.id, "name": channel.name},
            "message": message.wire(),
            "response_url": url,
            "actions": [{"block_id": block.get("block_id", ""), "type": "button", **action}],
        }
        return await self._interact(user, payload)

    async def click_in_view(self, user: User, view: View, action: Json) -> Delivery:
        """An element of a modal or of the App Home."""
        payload = {
            "type": "block_actions",
            "container": {"type": "view", "view_id": view.id},
            "view": view.wire(self.workspace.parts),
            "actions": [{"block_id": "", "type": "button", **action}],
        }
        return await self._interact(user, payload)

    async def submit(self, user: User, view: View, values: Json) -> Delivery:
        """Submits a modal; `values` is Slack's `state.values`, by block_id and action_id."""
        shown = view.wire(self.workspace.parts) | {"state": {"values": values}}
        delivery = await self._interact(user, {"type": "view_submission", "view": shown, "response_urls": []})
        answer = delivery.ack_payload or {}
        if answer.get("response_action") == "update":
            self.workspace.views[view.id] = self.workspace.keep_view(user.id, answer["view"], view.id)
        elif delivery.acked and answer.get("response_action") != "errors":
            self.workspace.views.pop(view.id, None)
        return delivery

    async def options(self, user: User, action_id: str, value: str) -> Delivery:
        """Types into an external select; the options are in the ack."""
        payload = {"type": "block_suggestion", "action_id": action_id, "block_id": "", "value": value}
        return await self._interact(user, payload)

    async def shortcut(self, user: User, callback_id: str, message: Message | None = None) -> Delivery:
        """A global shortcut, or one on a message."""
        if message is None:
            return await self._interact(user, {"type": "shortcut", "callback_id": callback_id})
        channel = self.workspace.channel(message.channel)
        payload = {
            "type": "message_action",
            "callback_id": callback_id,
            "channel": {"id": channel.id, "name": channel.name},
            "message": message.wire(),
            "message_ts": message.ts,
        }
        return await self._interact(user, payload)

    async def open_home(self, user: User, tab: Literal["home", "messages"] = "home") -> list[Delivery]:
        """Opens the app; app_home_opened must be subscribed."""
        channel = self.workspace.open_dm(user.id)
        event = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
        return await self._tell("app_home_opened", event)

    async def invite(self, channel: Channel, *, by: User) -> list[Delivery]:
        """Somebody invites the app to a channel that it was no member of."""
        return await self.join(
            self.workspace.users[self.workspace.parts.identity.bot_user_id], channel, by=by
        )

    async def join(self, user: User, channel: Channel, *, by: User | None = None) -> list[Delivery]:
        """``user`` joins a channel; an app hears of it that is a member there, of its own coming too.

        Slack: member_joined_channel comes for kinds of channels that the app has the scope to read, beside a message
        that says so to people. Nobody joins a direct message.
        """
        assert channel.kind in _JOINED, "Slack: a direct message has the members that it has"
        parts = self.workspace.parts
        if user.id not in channel.members:
            channel.members.append(user.id)
        if user.id == parts.identity.bot_user_id:
            channel.has_bot = True
        notice = Message(parts.stamps.ts(), channel.id, user.id, subtype="channel_join")
        notice.text = f"<@{user.id}> has joined the channel"
        channel.add(notice)
        await parts.sent(notice.deliveries)
        if not channel.has_bot or f"{_JOINED[channel.kind]}:read" not in self.workspace.scopes:
            return []
        event = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": parts.identity.team_id,
        }
        return await self._tell("member_joined_channel", event | ({"inviter": by.id} if by else {}))

    async def press_stop(self, user: User, message: Message) -> list[Delivery]:
        """The Stop button of a native stream; Slack shows it when agent_session_stopped is subscribed."""
        expire(message)
        if message.stream is None or message.stream.state is not StreamState.IN_PROGRESS:
            raise SlackError("message_not_in_streaming_state")
        message.stream.state = StreamState.STOPPED
        event = {
            "type": "agent_session_stopped",
            "user": user.id,
            "channel": message.channel,
            "thread_ts": message.thread_ts or message.ts,
            "streaming_message_ts": [message.ts],
        }
        return await self._tell("agent_session_stopped", event)

    async def pin(self, user: User, message: Message, *, pinned: bool = True) -> list[Delivery]:
        """Pins a message to its channel, or takes the pin off; the app hears of it where that is subscribed."""
        deliveries = self.workspace.parts.events.pinned(message, user.id, pinned=pinned)
        await self.workspace.parts.sent(deliveries)
        return deliveries

    async def _tell(self, subscription: str, event: Json) -> list[Delivery]:
        deliveries = self.workspace.parts.events.publish(subscription, event)
        await self.workspace.parts.sent(deliveries)
        return deliveries

    async def _interact(self, user: User, payload: Json) -> Delivery:
        parts = self.workspace.parts
        common = {
            "team": {"id": parts.identity.team_id, "domain": "double"},
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": parts.identity.team_id,
            },
            "api_app_id": parts.identity.app_id,
            "token": "verification-token",
            "trigger_id": parts.hooks.trigger_id(user.id),
            "enterprise": None,
            "is_enterprise_install": False,
        }
        delivery = parts.sockets.send("interactive", common | payload, accepts_payload=True)
        await parts.sent([delivery])
        await parts.watch.until(lambda: delivery.acked or delivery.expired, parts.sockets.ack_s + PATIENCE_S)
        return delivery


def _action_ids(block: Json) -> set[str]:
    elements = [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
    return {str(element.get("action_id")) for element in elements}
