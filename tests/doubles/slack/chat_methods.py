from tests.doubles.slack.channel import Channel
from tests.doubles.slack.content import UPDATE_CHARS, Args, read
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Ephemeral, Json, Message, StreamState
from tests.doubles.slack.streams import expire
from tests.doubles.slack.workspace import Workspace


def post_message(workspace: Workspace, args: Args) -> Json:
    """Slack: text over 40,000 characters is cut, with a warning. A user's id stands for their DM."""
    target = args.needed("channel", "channel_not_found")
    channel = (
        workspace.open_dm(target) if target in workspace.users else workspace.channel(target, write=True)
    )
    content = read(args)
    thread_ts = channel.root(args.text("thread_ts"))
    broadcast = thread_ts is not None and args.flag("reply_broadcast")
    message = channel.post(content, thread_ts, subtype="thread_broadcast" if broadcast else None)
    body: Json = {"ok": True, "channel": channel.id, "ts": message.ts, "message": message.wire()}
    if content.truncated:
        warning = "message_truncated"
        body |= {"warning": warning, "response_metadata": {"warnings": [warning]}}
    return body


def update(workspace: Workspace, args: Args) -> Json:
    """Slack: text over 4,000 characters is refused (msg_too_long), not cut."""
    channel, message = _own(workspace, args, "cant_update_message")
    expire(message)
    if message.stream is not None and message.stream.state is StreamState.IN_PROGRESS:
        raise SlackError("streaming_state_conflict")
    content = read(args, text_chars=UPDATE_CHARS)
    before = message.wire()
    content.put(message)
    if message.stream is not None:
        message.stream.state = StreamState.COMPLETED
    message.edited = {"user": message.author, "ts": workspace.parts.stamps.ts()}
    channel.changed(message, before)
    wire = message.wire()
    return {"ok": True, "channel": channel.id, "ts": message.ts, "text": wire["text"], "message": wire}


def delete(workspace: Workspace, args: Args) -> Json:
    channel, message = _own(workspace, args, "cant_delete_message")
    channel.delete(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def post_ephemeral(workspace: Workspace, args: Args) -> Json:
    """Slack: shown to one person, kept nowhere, and cannot be updated."""
    channel = workspace.channel(args.needed("channel", "channel_not_found"), write=True)
    user = workspace.user(args.needed("user", "user_not_found"))
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    content = read(args)
    thread_ts = channel.root(args.text("thread_ts"))
    channel.ephemerals.append(Ephemeral(user.id, content.shown(), thread_ts, tuple(content.blocks or [])))
    return {"ok": True, "message_ts": workspace.parts.stamps.ts()}


def _own(workspace: Workspace, args: Args, refusal: str) -> tuple[Channel, Message]:
    channel = workspace.channel(args.needed("channel", "channel_not_found"))
    message = channel.find(args.needed("ts", "message_not_found"))
    if message.author != workspace.parts.identity.bot_user_id:
        raise SlackError(refusal)
    return channel, message
