"""Discord's rules for the body of a message, the same for posts, edits and interactions."""

from typing import Any

from tests.doubles.discord.components import check_components
from tests.doubles.discord.errors import Payload, empty_message, form_error, too_long
from tests.doubles.discord.mentions import check_allowed
from tests.doubles.discord.model import Message, MessageFlag

CONTENT_LIMIT = 2000
"""Discord: 2,000 Unicode code points, for edits and webhooks too."""
NONCE_LIMIT = 25
EMBEDS, EMBED_FIELDS, EMBED_TOTAL = 10, 25, 6000
EMBED_TEXTS = {
    ("title",): 256,
    ("description",): 4096,
    ("footer", "text"): 2048,
    ("author", "name"): 256,
}


def check_body(body: Payload, *, has_files: bool, before: Message | None = None) -> None:
    """Raises what Discord answers. `before` is the message that an edit changes."""
    content = body.get("content", before.content if before else "")
    if content is not None and not isinstance(content, str):
        raise form_error(["content"], "STRING_TYPE_CONVERT", "Could not interpret value as string.")
    text = content or ""
    if len(text) > CONTENT_LIMIT:
        raise too_long(["content"], CONTENT_LIMIT)
    check_nonce(body.get("nonce"))
    check_allowed(body.get("allowed_mentions"))
    embeds = merged(body, "embeds", before)
    components = merged(body, "components", before)
    check_embeds(embeds)
    v2 = bool((int(body.get("flags") or 0) | (before.flags if before else 0)) & MessageFlag.COMPONENTS_V2)
    check_components(components, v2=v2)
    if v2:
        check_v2_body(text, embeds, components)
    kept = body.get("attachments", before.attachments if before and "attachments" not in body else [])
    others = body.get("sticker_ids") or body.get("poll") or components
    if not text.strip() and not embeds and not others and not kept and not has_files:
        raise empty_message()


def merged(body: Payload, name: str, before: Message | None) -> Any:
    """What the message will have: a field that an edit leaves out stays."""
    if name in body:
        return body[name] or []
    return getattr(before, name) if before else []


def check_v2_body(text: str, embeds: list[Payload], components: list[Payload]) -> None:
    """Discord: a message with the flag 1 << 15 has components and nothing else, for ever."""
    if text or embeds:
        raise form_error(
            ["content" if text else "embeds"],
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )
    if not components:
        raise empty_message()


def check_nonce(nonce: Any) -> None:
    if nonce is None or (isinstance(nonce, int) and not isinstance(nonce, bool)):
        return
    if not isinstance(nonce, str):
        raise form_error(["nonce"], "NONCE_TYPE_INVALID", "Nonce must be an integer or a string.")
    if len(nonce) > NONCE_LIMIT:
        raise form_error(["nonce"], "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")


def check_embeds(embeds: Any) -> None:
    """Discord: 10 embeds, 6,000 characters over all of them."""
    if not isinstance(embeds, list):
        raise form_error(["embeds"], "BASE_TYPE_BAD_TYPE", "Only iterables may be used in a ListType")
    if len(embeds) > EMBEDS:
        raise too_long(["embeds"], EMBEDS)
    if sum(check_embed(embed, index) for index, embed in enumerate(embeds)) > EMBED_TOTAL:
        raise form_error(["embeds"], "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def check_embed(embed: Payload, index: int) -> int:
    """Returns the number of characters that count against the sum."""
    total = 0
    for steps, limit in EMBED_TEXTS.items():
        value: Any = embed
        for step in steps:
            value = (value or {}).get(step)
        if len(value or "") > limit:
            raise too_long(["embeds", index, *steps], limit)
        total += len(value or "")
    fields = embed.get("fields") or []
    if len(fields) > EMBED_FIELDS:
        raise too_long(["embeds", index, "fields"], EMBED_FIELDS)
    for at, one in enumerate(fields):
        for name, limit in (("name", 256), ("value", 1024)):
            if len(one.get(name) or "") > limit:
                raise too_long(["embeds", index, "fields", at, name], limit)
            total += len(one.get(name) or "")
    return total
