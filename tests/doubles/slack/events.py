import time
from dataclasses import dataclass

from tests.doubles.slack.identity import Identity, Stamps
from tests.doubles.slack.model import Json, Message
from tests.doubles.slack.socket_mode import Delivery, SocketMode

# Slack: the event subscription that covers a kind of channel, and the `channel_type` in the event.
MESSAGE_EVENTS = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


@dataclass(slots=True)
class Events:
    """Turns what happens in the workspace into Events API callbacks for the subscribed events."""

    identity: Identity
    stamps: Stamps
    sockets: SocketMode
    subscribed: frozenset[str]

    def publish(self, subscription: str, event: Json) -> list[Delivery]:
        """Sends one event when it is subscribed. Every call makes an event_id of its own."""
        if subscription not in self.subscribed:
            return []
        me = self.identity
        payload = {
            "token": "verification-token",
            "team_id": me.team_id,
            "api_app_id": me.app_id,
            "context_team_id": me.team_id,
            "context_enterprise_id": None,
            "event": {"event_ts": self.stamps.ts(), **event},
            "type": "event_callback",
            "event_id": self.stamps.id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": me.team_id,
                    "user_id": me.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{self.stamps.number('context')}",
        }
        return [self.sockets.send("events_api", payload)]

    def posted(self, message: Message, kind: str) -> None:
        """A new message. Slack tells a mention in a channel twice: as app_mention and as message."""
        event = self._event(message)
        mentioned = self.identity.bot_user_id in message.mentions
        if mentioned and kind in {"channel", "group", "mpim"} and message.author != self.identity.bot_user_id:
            mention = {name: value for name, value in event.items() if name != "subtype"} | {
                "type": "app_mention"
            }
            message.deliveries += self.publish("app_mention", mention)
        message.deliveries += self.publish(MESSAGE_EVENTS[kind], event | {"channel_type": kind})

    def changed(self, message: Message, before: Json, kind: str) -> list[Delivery]:
        return self._hidden(
            message.channel, kind, "message_changed", {"message": message.wire(), "previous_message": before}
        )

    def deleted(self, message: Message, before: Json, kind: str) -> list[Delivery]:
        return self._hidden(
            message.channel, kind, "message_deleted", {"deleted_ts": message.ts, "previous_message": before}
        )

    def buried(self, message: Message, before: Json, kind: str) -> list[Delivery]:
        """A message that has replies is deleted. Slack: it is changed into a tombstone."""
        tombstone: Json = {
            "type": "message",
            "subtype": "tombstone",
            "text": "This message was deleted.",
            "user": "USLACKBOT",
            "hidden": True,
            "ts": message.ts,
            "thread_ts": message.ts,
        }
        return self._hidden(
            message.channel, kind, "message_changed", {"message": tombstone, "previous_message": before}
        )

    def pinned(self, message: Message, user: str, *, pinned: bool) -> list[Delivery]:
        """Somebody pins a message, or takes the pin off."""
        name = "pin_added" if pinned else "pin_removed"
        item = {
            "type": "message",
            "channel": message.channel,
            "message": message.wire(),
            "created": int(time.time()),
            "created_by": user,
        }
        event: Json = {"type": name, "user": user, "channel_id": message.channel, "item": item}
        return self.publish(name, event if pinned else event | {"has_pins": False})

    def _hidden(self, channel: str, kind: str, subtype: str, detail: Json) -> list[Delivery]:
        event: Json = {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel,
            "ts": self.stamps.ts(),
            "channel_type": kind,
            **detail,
        }
        return self.publish(MESSAGE_EVENTS[kind], event)

    def _event(self, message: Message) -> Json:
        event: Json = {
            **message.wire(),
            "team": self.identity.team_id,
            "channel": message.channel,
            "event_ts": message.ts,
        }
        if message.author == self.identity.bot_user_id:
            event["app_id"] = self.identity.app_id
        return event
