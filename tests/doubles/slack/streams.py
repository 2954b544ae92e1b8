import time
from typing import Any

from tests.doubles.slack import blocks as block_kit
from tests.doubles.slack.channel import Channel
from tests.doubles.slack.content import MARKDOWN_CHARS, Args, metadata
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json, Message, Stream, StreamState
from tests.doubles.slack.workspace import Workspace

_TASK_STATES = frozenset({"pending", "in_progress", "complete", "error"})
_TASK_TEXTS = ("title", "details", "output")
_TASK_MODES = frozenset({"", "timeline", "plan", "dense"})


def start(workspace: Workspace, args: Args) -> Json:
    """Slack: outside direct messages a stream names the person (and their team) it is for.

    Raises missing_recipient_team_id, missing_recipient_user_id, team_not_found, user_not_found,
    thread_not_found and what `_take` raises.
    """
    channel = workspace.channel(args.needed("channel", "channel_not_found"), write=True)
    recipient = _recipient(workspace, channel, args)
    thread_ts = channel.root(args.text("thread_ts"))
    if args.text("task_display_mode") not in _TASK_MODES:
        raise SlackError("invalid_arguments", messages=("[ERROR] task_display_mode",))
    message = channel.draft(thread_ts)
    message.stream = Stream(time.monotonic() + workspace.stream_s, recipient)
    message.markdown = True
    _take(message, args, required=False)
    channel.add(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def append(workspace: Workspace, args: Args) -> Json:
    """Raises message_not_in_streaming_state after the end or the expiry, stopped_by_user, msg_too_long."""
    channel, message, stream = _running(workspace, args)
    if stream.state is StreamState.STOPPED:
        raise SlackError("stopped_by_user")
    _take(message, args, required=True)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def stop(workspace: Workspace, args: Args) -> Json:
    """Ends a stream. A refused stop (msg_too_long, invalid_blocks) leaves it running, as on Slack."""
    channel, message, stream = _running(workspace, args)
    before = message.wire()
    blocks = args.data("blocks")
    closing = block_kit.check(blocks, too_many="msg_blocks_too_many") if blocks else []
    details = metadata(args)
    if stream.state is not StreamState.STOPPED:
        _take(message, args, required=False)
    stream.state = StreamState.COMPLETED
    message.blocks = [*stream.chunk_blocks, *closing]
    message.footer = block_kit.footer(message.blocks)
    below = [text for text in [block_kit.shown(message.blocks)] if text]
    message.show("\n".join([message.text, *below]), block_kit.live(message.blocks))
    if details is not None:
        message.metadata = details or None
    channel.changed(message, before)
    return {"ok": True, "channel": channel.id, "ts": message.ts, "message": message.wire()}


def expire(message: Message) -> None:
    """Slack: a stream dies about five minutes after its start and leaves the message unfinished.

    Reports differ on whether idle time or the whole time counts; the double counts the whole time.
    """
    stream = message.stream
    if stream is not None and stream.state is StreamState.IN_PROGRESS and time.monotonic() >= stream.expires:
        stream.state = StreamState.ERRORED


def _recipient(workspace: Workspace, channel: Channel, args: Args) -> str | None:
    user, team = args.text("recipient_user_id"), args.text("recipient_team_id")
    if channel.kind != "im":
        if not team:
            raise SlackError("missing_recipient_team_id")
        if not user:
            raise SlackError("missing_recipient_user_id")
    if team and team != workspace.parts.identity.team_id:
        raise SlackError("team_not_found")
    return workspace.user(user).id if user else None


def _running(workspace: Workspace, args: Args) -> tuple[Channel, Message, Stream]:
    channel = workspace.channel(args.needed("channel", "channel_not_found"), write=True)
    message = channel.find(args.needed("ts", "message_not_found"))
    if message.author != workspace.parts.identity.bot_user_id:
        raise SlackError("message_not_owned_by_app")
    expire(message)
    stream = message.stream
    if stream is None or stream.state in {StreamState.COMPLETED, StreamState.ERRORED}:
        raise SlackError("message_not_in_streaming_state")
    return channel, message, stream


def _take(message: Message, args: Args, *, required: bool) -> None:
    """Adds this call's markdown_text or chunks, which are mutually exclusive, to what readers see.

    Slack: 12,000 characters a call, and no more than that in one streamed message.
    Raises cannot_provide_both_markdown_text_and_chunks, streaming_mode_mismatch, no_text, msg_too_long,
    invalid_chunks, msg_blocks_too_many.
    """
    stream = message.stream
    assert stream is not None
    text, chunks = args.text("markdown_text"), args.data("chunks") or []
    if text and chunks:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    if not text and not chunks:
        if required:
            raise SlackError("no_text")
        return
    mode = "text" if text else "chunks"
    if stream.mode not in {None, mode}:
        raise SlackError("streaming_mode_mismatch")
    _check_chunks(chunks)
    added = text + "".join(chunk["text"] for chunk in chunks if chunk["type"] == "markdown_text")
    if len(message.text) + len(added) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    fresh = [block for chunk in chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
    block_kit.check([*stream.chunk_blocks, *fresh], too_many="msg_blocks_too_many")
    stream.mode = mode
    stream.chunk_blocks += fresh
    for chunk in chunks:
        _apply(stream, chunk)
    text = message.text + added
    # A mention may come in parts, so the whole text is looked at every time.
    message.show(text, [text, *block_kit.live(stream.chunk_blocks), *_task_texts(stream)])


def _apply(stream: Stream, chunk: Json) -> None:
    if chunk["type"] == "plan_update":
        stream.plan = chunk["title"]
    elif chunk["type"] == "task_update":
        task = stream.tasks.setdefault(chunk["id"], {})
        # Slack: details of the same task are appended, everything else is replaced.
        details = task.get("details", "") + chunk.get("details", "")
        task |= chunk | ({"details": details} if details else {})


def _task_texts(stream: Stream) -> list[str]:
    return [stream.plan, *(str(task.get(name, "")) for task in stream.tasks.values() for name in _TASK_TEXTS)]


def _check_chunks(chunks: Any) -> None:
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise SlackError("invalid_chunks")
    for chunk in chunks:
        match chunk:
            case {"type": "markdown_text", "text": str()} | {"type": "plan_update", "title": str()}:
                pass
            case {"type": "task_update", "id": str(), "title": str(), "status": status} if (
                status in _TASK_STATES
            ):
                pass
            case {"type": "blocks", "blocks": list()}:
                pass
            case _:
                raise SlackError("invalid_chunks", messages=(f"[ERROR] {chunk.get('type')}",))
