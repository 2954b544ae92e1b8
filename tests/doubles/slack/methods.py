from collections.abc import Callable
from dataclasses import dataclass

from tests.doubles.slack import chat_methods, file_methods, place_methods, streams, view_methods
from tests.doubles.slack.content import Args
from tests.doubles.slack.limits import Rate
from tests.doubles.slack.model import Json
from tests.doubles.slack.workspace import Workspace

RESTRICTED = frozenset({"conversations.history", "conversations.replies"})
"""Slack: once a minute for commercially distributed apps outside the Marketplace; other apps keep the tier."""
ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:write",
        "users:read",
    }
)


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the Web API, its rate limit and the scope it always needs."""

    run: Callable[[Workspace, Args], Json]
    rate: Rate
    scope: str | None = None
    writes: bool = True


# The scopes of conversations.* depend on the kind of channel: those methods ask for them.
METHODS = {
    "auth.test": Method(place_methods.auth_test, Rate.HUNDREDS, writes=False),
    "chat.postMessage": Method(chat_methods.post_message, Rate.POST, "chat:write"),
    "chat.update": Method(chat_methods.update, Rate.TIER_3, "chat:write"),
    "chat.delete": Method(chat_methods.delete, Rate.TIER_3, "chat:write"),
    "chat.postEphemeral": Method(chat_methods.post_ephemeral, Rate.TIER_4, "chat:write"),
    "chat.startStream": Method(streams.start, Rate.TIER_2, "chat:write"),
    "chat.appendStream": Method(streams.append, Rate.TIER_4, "chat:write"),
    "chat.stopStream": Method(streams.stop, Rate.TIER_2, "chat:write"),
    "conversations.open": Method(place_methods.open_conversation, Rate.TIER_3, "im:write"),
    "conversations.info": Method(place_methods.info, Rate.TIER_3, writes=False),
    "conversations.history": Method(place_methods.history, Rate.TIER_3, writes=False),
    "conversations.replies": Method(place_methods.replies, Rate.TIER_3, writes=False),
    "files.getUploadURLExternal": Method(file_methods.announce, Rate.TIER_4, "files:write"),
    "files.completeUploadExternal": Method(file_methods.complete, Rate.TIER_4, "files:write"),
    "users.info": Method(place_methods.user_info, Rate.TIER_4, "users:read", writes=False),
    "reactions.add": Method(place_methods.add_reaction, Rate.TIER_3, "reactions:write"),
    "reactions.remove": Method(place_methods.remove_reaction, Rate.TIER_3, "reactions:write"),
    "views.publish": Method(view_methods.publish, Rate.TIER_4),
    "views.open": Method(view_methods.open_view, Rate.TIER_4),
    "views.update": Method(view_methods.update, Rate.TIER_4),
    # Slack: "special rate limits", undocumented; taken as Tier 4.
    "assistant.threads.setStatus": Method(view_methods.set_status, Rate.TIER_4, "chat:write"),
    "assistant.threads.setSuggestedPrompts": Method(
        view_methods.set_suggested_prompts, Rate.TIER_4, "assistant:write"
    ),
    "assistant.threads.setTitle": Method(view_methods.set_title, Rate.TIER_4, "assistant:write"),
}
