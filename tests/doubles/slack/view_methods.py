import json
from typing import Any

from tests.doubles.slack import blocks as block_kit
from tests.doubles.slack.content import Args
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json
from tests.doubles.slack.workspace import View, Workspace

TITLE_CHARS = 24
VIEW_BYTES = 250_000
MAX_PROMPTS = 4
MAX_LOADING = 10


def open_view(workspace: Workspace, args: Args) -> Json:
    """Slack: a modal opens with a trigger_id, once, within 3 s of the person's act."""
    user = workspace.parts.hooks.exchange(args.needed("trigger_id", "invalid_trigger_id"))
    view = workspace.keep_view(user, _check(args.data("view"), "modal"))
    workspace.views[view.id] = view
    return _shown(workspace, view)


def update(workspace: Workspace, args: Args) -> Json:
    """Raises not_found, hash_conflict."""
    known = workspace.views.get(args.text("view_id")) or next(
        (
            view
            for view in workspace.views.values()
            if args.text("external_id") and view.view.get("external_id") == args.text("external_id")
        ),
        None,
    )
    if known is None:
        raise SlackError("not_found")
    _check_hash(known, args)
    view = workspace.keep_view(known.user, _check(args.data("view"), known.view["type"]), known.id)
    workspace.views[view.id] = view
    return _shown(workspace, view)


def publish(workspace: Workspace, args: Args) -> Json:
    """Shows one person's App Home. Raises user_not_found, hash_conflict."""
    user = workspace.user(args.needed("user_id"))
    known = workspace.homes.get(user.id)
    _check_hash(known, args)
    checked = _check(args.data("view"), "home")
    view = workspace.keep_view(user.id, checked, known.id if known else None)
    workspace.homes[user.id] = view
    return _shown(workspace, view)


def set_status(workspace: Workspace, args: Args) -> Json:
    """Slack: an empty status clears it; a reply in the thread does too."""
    channel = workspace.channel(args.needed("channel_id", "channel_not_found"), write=True)
    thread = channel.root(args.needed("thread_ts", "invalid_thread_ts"), "invalid_thread_ts") or ""
    if "status" not in args or len(args.data("loading_messages") or []) > MAX_LOADING:
        raise SlackError("invalid_arguments")
    if args.text("status"):
        channel.statuses[thread] = args.text("status")
    else:
        channel.statuses.pop(thread, None)
    return {"ok": True}


def set_title(workspace: Workspace, args: Args) -> Json:
    channel = workspace.channel(args.needed("channel_id", "channel_not_found"), write=True)
    thread = channel.root(args.needed("thread_ts", "invalid_thread_ts"), "invalid_thread_ts") or ""
    workspace.titles[channel.id, thread] = args.needed("title")
    return {"ok": True}


def set_suggested_prompts(workspace: Workspace, args: Args) -> Json:
    """Slack: in the agent view a call with thread_ts is answered with ok and shows nothing."""
    channel = workspace.channel(args.needed("channel_id", "channel_not_found"), write=True)
    prompts = args.data("prompts")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= MAX_PROMPTS:
        raise SlackError("invalid_arguments", messages=(f"[ERROR] prompts: 1 to {MAX_PROMPTS}",))
    if not all(
        isinstance(prompt, dict) and prompt.get("title") and prompt.get("message") for prompt in prompts
    ):
        raise SlackError("invalid_arguments", messages=("[ERROR] a prompt has title and message",))
    if not args.text("thread_ts"):
        workspace.prompts[channel.id] = prompts
    return {"ok": True}


def _shown(workspace: Workspace, view: View) -> Json:
    return {"ok": True, "view": view.wire(workspace.parts)}


def _check_hash(known: View | None, args: Args) -> None:
    if args.text("hash") and (known is None or args.text("hash") != known.hash):
        raise SlackError("hash_conflict")


def _check(view: Any, kind: str) -> Json:
    """A view that Slack would show. Raises invalid_arguments, view_too_large and what blocks raise."""
    if not isinstance(view, dict) or view.get("type") != kind:
        raise SlackError("invalid_arguments", messages=(f"[ERROR] view must be of type {kind}",))
    if len(json.dumps(view)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    blocks = block_kit.check(view.get("blocks"), limit=block_kit.MAX_VIEW_BLOCKS)
    titles = [view[name] for name in ("title", "submit", "close") if name in view]
    if kind == "modal":
        has_input = any(block["type"] == "input" for block in blocks)
        if "title" not in view or (has_input and "submit" not in view):
            raise SlackError(
                "invalid_arguments", messages=("[ERROR] a modal needs a title; inputs need submit",)
            )
    for title in titles:
        if title.get("type") != "plain_text" or not 0 < len(title.get("text", "")) <= TITLE_CHARS:
            raise SlackError("invalid_arguments", messages=(f"[ERROR] plain text of 1 to {TITLE_CHARS}",))
    return view
