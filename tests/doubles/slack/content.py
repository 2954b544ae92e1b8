import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.doubles.slack import blocks as block_kit
from tests.doubles.slack.errors import SlackError
from tests.doubles.slack.model import Json, Message

MARKDOWN_CHARS = 12_000
POST_CHARS = 40_000
UPDATE_CHARS = 4_000
MAX_ATTACHMENTS = 100


@dataclass(frozen=True, slots=True)
class Args(Mapping[str, Any]):
    """The arguments of a call, wherever they stood: query, form or JSON body."""

    given: Json

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def text(self, name: str) -> str:
        """The argument as text, empty when it is absent."""
        value = self.given.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in {"true", "1"}

    def data(self, name: str) -> Any:
        """A structured argument; Slack takes it as JSON text too. Raises invalid_arguments."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except json.JSONDecodeError:
            raise SlackError("invalid_arguments", messages=(f"[ERROR] {name} is no JSON",)) from None

    def number(self, name: str, default: int) -> int:
        """Raises invalid_arguments when it is no whole number."""
        value = self.text(name)
        if value and not value.isdecimal():
            raise SlackError("invalid_arguments", messages=(f"[ERROR] {name} is no number",))
        return int(value or default)

    def needed(self, name: str, code: str = "invalid_arguments") -> str:
        value = self.text(name)
        if not value:
            raise SlackError(code, messages=(f"[ERROR] missing required field: {name}",))
        return value


@dataclass(frozen=True, slots=True)
class Content:
    """What a message is to show, checked against Slack's limits."""

    text: str | None
    markdown: str | None
    blocks: list[Json] | None
    attachments: list[Json] | None
    metadata: Json | None
    linked: bool
    truncated: bool = False

    def shown(self) -> str:
        if self.markdown is not None:
            return self.markdown
        extra = [part.get("text", "") for part in self.attachments or []]
        body = block_kit.shown(self.blocks) if self.blocks else self.text or ""
        return "\n".join(part for part in [body, *extra] if part)

    def sources(self) -> list[str]:
        """The strings in which mentions are live; `text` beside blocks counts, as it is the notification."""
        parts = [self.text or "", self.markdown or "", *block_kit.live(self.blocks or [])]
        for attachment in self.attachments or []:
            parts += [attachment.get("pretext", ""), attachment.get("text", "")]
            parts += block_kit.live(attachment.get("blocks", []))
        return parts

    def put(self, message: Message) -> None:
        """Makes `message` show this."""
        if self.blocks is not None or self.text is not None or self.markdown is not None:
            message.blocks = self.blocks or []
            message.footer = block_kit.footer(message.blocks)
        if self.attachments is not None:
            message.attachments = self.attachments
        if self.metadata is not None:
            message.metadata = self.metadata or None
        message.markdown = self.markdown is not None
        message.fallback = (self.text or "") if message.blocks else ""
        message.show(self.shown(), self.sources(), linked=self.linked)


def read(args: Args, *, text_chars: int | None = None) -> Content:
    """The content of chat.postMessage, chat.update, chat.postEphemeral and response_url.

    `text_chars`: the length at which `text` is refused; without it `text` is cut at 40,000.
    Raises markdown_text_conflict, msg_too_long, no_text, invalid_blocks and its kin, too_many_attachments.
    """
    markdown = args.text("markdown_text") if args.get("markdown_text") is not None else None
    text = args.text("text") if args.get("text") is not None else None
    # Slack: an empty text beside markdown_text is a conflict as well.
    if markdown is not None and (text is not None or args.get("blocks") is not None):
        raise SlackError("markdown_text_conflict")
    if markdown is not None and len(markdown) > MARKDOWN_CHARS:
        raise SlackError("msg_too_long")
    if text is not None and text_chars is not None and len(text) > text_chars:
        raise SlackError("msg_too_long")
    blocks = args.data("blocks")
    attachments = args.data("attachments")
    if attachments and len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if not ((text or "").strip() or (markdown or "").strip() or blocks or attachments):
        raise SlackError("no_text")
    return Content(
        text=None if text is None else text[:POST_CHARS],
        markdown=markdown,
        blocks=None if blocks is None else block_kit.check(blocks),
        attachments=attachments,
        metadata=metadata(args),
        linked=args.flag("link_names") or args.text("parse") == "full",
        truncated=text is not None and len(text) > POST_CHARS,
    )


def metadata(args: Args) -> Json | None:
    """Message metadata. Raises invalid_metadata_format unless it is event_type and event_payload, or empty."""
    found = args.data("metadata")
    if found is None:
        return None
    if not isinstance(found, dict) or (found and not {"event_type", "event_payload"} <= found.keys()):
        raise SlackError("invalid_metadata_format")
    return found
