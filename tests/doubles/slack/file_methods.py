from tests.doubles.slack.content import Args
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json
from tests.doubles.slack.workspace import Workspace


def announce(workspace: Workspace, args: Args) -> Json:
    """files.getUploadURLExternal. Slack: a length of 0 counts as one that was not given."""
    name, length = args.text("filename"), args.number("length", 0)
    if not name or not length:
        raise SlackError("missing_argument")
    number, url = workspace.parts.files.announce(name, length)
    return {"ok": True, "upload_url": url, "file_id": number}


def complete(workspace: Workspace, args: Args) -> Json:
    """files.completeUploadExternal.

    Slack: everybody in the channel sees the file; without a channel nobody but the app does. The id of a user is no
    channel's here.
    """
    files = args.data("files")
    if not isinstance(files, list) or not files or not all(isinstance(one, dict) for one in files):
        raise SlackError("invalid_arguments", messages=("[ERROR] files must be an array of objects",))
    place = args.text("channel_id")
    channel = workspace.channel(place, write=True) if place else None
    me = workspace.parts.identity.bot_user_id
    made = []
    for one in files:
        described = workspace.parts.files.finish(str(one.get("id")), me)
        made.append(described | {"title": one.get("title") or described["name"]})
    if channel is not None:
        message = channel.draft(channel.root(args.text("thread_ts")))
        message.subtype, message.files = "file_share", made
        comment = args.text("initial_comment")
        message.show(comment, [comment])
        channel.add(message)
    return {"ok": True, "files": made}
