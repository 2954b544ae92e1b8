from tests.doubles.slack.channel import Channel
from tests.doubles.slack.content import Args
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json, Message, User
from tests.doubles.slack.workspace import LARGEST_PAGE, Workspace

# Slack: the scopes that cover a kind of channel.
_SCOPE = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_PAGE = 100
_MAX_DM = 8


def auth_test(workspace: Workspace, args: Args) -> Json:
    me = workspace.parts.identity
    return {
        "ok": True,
        "url": "https://double.slack.com/",
        "team": "double",
        "team_id": me.team_id,
        "user": me.bot_name,
        "user_id": me.bot_user_id,
        "bot_id": me.bot_id,
        "is_enterprise_install": False,
    }


def open_conversation(workspace: Workspace, args: Args) -> Json:
    if args.text("channel"):
        channel = workspace.channel(args.text("channel"))
        return {"ok": True, "channel": {"id": channel.id}}
    users = [user for user in args.text("users").split(",") if user]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > _MAX_DM:
        raise SlackError("too_many_users")
    return {"ok": True, "channel": {"id": workspace.open_dm(*users).id}}


def info(workspace: Workspace, args: Args) -> Json:
    channel = _readable(workspace, args, "read")
    return {
        "ok": True,
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "is_channel": channel.kind == "channel",
            "is_group": channel.kind == "group",
            "is_im": channel.kind == "im",
            "is_mpim": channel.kind == "mpim",
            "is_private": channel.kind != "channel",
            "is_archived": False,
            "is_member": channel.has_bot,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        },
    }


def history(workspace: Workspace, args: Args) -> Json:
    """Slack: newest first, without the replies in threads unless they were sent to the channel too."""
    channel = _readable(workspace, args, "history")
    found = [
        one
        for one in channel.messages
        if not one.deleted and (not one.thread_ts or one.subtype == "thread_broadcast")
    ]
    return _page(channel, found[::-1], args, workspace.largest_page)


def replies(workspace: Workspace, args: Args) -> Json:
    """Slack: the root first, then its replies, oldest first; `ts` may name any of them."""
    channel = _readable(workspace, args, "history")
    root = args.needed("ts", "thread_not_found")
    known = next((one for one in channel.messages if one.ts == root), None)
    if known is not None and known.thread_ts:
        root = known.thread_ts
    found = [one for one in channel.messages if root in {one.ts, one.thread_ts} and not one.deleted]
    if not found:
        raise SlackError("thread_not_found")
    return _page(channel, found, args, workspace.largest_page)


def user_info(workspace: Workspace, args: Args) -> Json:
    """Slack: a user's locale is told only to whoever asks for it with `include_locale`."""
    user = workspace.user(args.needed("user", "user_not_found"))
    locale = {"locale": user.locale} if args.flag("include_locale") else {}
    return {"ok": True, "user": _person(user, workspace) | locale}


def add_reaction(workspace: Workspace, args: Args) -> Json:
    message, name, me = _reaction(workspace, args)
    if me in message.reactions.get(name, []):
        raise SlackError("already_reacted")
    message.reactions.setdefault(name, []).append(me)
    return {"ok": True}


def remove_reaction(workspace: Workspace, args: Args) -> Json:
    message, name, me = _reaction(workspace, args)
    if me not in message.reactions.get(name, []):
        raise SlackError("no_reaction")
    message.reactions[name].remove(me)
    if not message.reactions[name]:
        del message.reactions[name]
    return {"ok": True}


_EMOJI = {"+1", "eyes", "hourglass", "hourglass_flowing_sand", "thumbsup", "white_check_mark"}
"""A few of Slack's names; it refuses what is no name, and the character itself."""


def _reaction(workspace: Workspace, args: Args) -> tuple[Message, str, str]:
    channel = workspace.channel(args.needed("channel", "channel_not_found"), write=True)
    name = args.needed("name", "invalid_name").strip(":")
    if name not in _EMOJI:
        raise SlackError("invalid_name")
    return (
        channel.find(args.needed("timestamp", "no_item_specified")),
        name,
        workspace.parts.identity.bot_user_id,
    )


def _readable(workspace: Workspace, args: Args, what: str) -> Channel:
    channel = workspace.channel(args.needed("channel", "channel_not_found"), write=what == "history")
    workspace.require(f"{_SCOPE[channel.kind]}:{what}")
    return channel


def _page(channel: Channel, found: list[Message], args: Args, largest: int) -> Json:
    """Slack: pages by an opaque cursor; oldest and latest are exclusive unless `inclusive`."""
    oldest, latest, inclusive = args.text("oldest"), args.text("latest"), args.flag("inclusive")
    kept = [
        one
        for one in found
        if (not oldest or one.ts > oldest or (inclusive and one.ts == oldest))
        and (not latest or one.ts < latest or (inclusive and one.ts == latest))
    ]
    limit = args.number("limit", _PAGE)
    if not 0 < limit <= LARGEST_PAGE:
        raise SlackError("invalid_limit")
    limit = min(limit, largest)
    cursor = args.text("cursor")
    if cursor and not cursor.removeprefix("page:").isdecimal():
        raise SlackError("invalid_cursor")
    start = int(cursor.removeprefix("page:") or 0)
    page, more = kept[start : start + limit], len(kept) > start + limit
    return {
        "ok": True,
        "messages": [_counted(channel, message) for message in page],
        "has_more": more,
        "response_metadata": {"next_cursor": f"page:{start + limit}" if more else ""},
    }


def _counted(channel: Channel, message: Message) -> Json:
    replied = channel.thread(message.ts)
    if not replied:
        return message.wire()
    return message.wire() | {
        "thread_ts": message.ts,
        "reply_count": len(replied),
        "reply_users": list(dict.fromkeys(reply.author for reply in replied)),
        "latest_reply": replied[-1].ts,
    }


def _person(user: User, workspace: Workspace) -> Json:
    real_name = user.real_name or user.name.title()
    return {
        "id": user.id,
        "team_id": user.team_id or workspace.parts.identity.team_id,
        "name": user.name,
        "real_name": real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": user.is_primary_owner,
        "profile": {"display_name": user.display_name, "real_name": real_name},
    }
