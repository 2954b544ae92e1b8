from typing import Any

from tests.doubles.slack.errors import SlackError

Json = dict[str, Any]

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
SECTION_CHARS = 3_000
MARKDOWN_CHARS = 12_000
_KNOWN = frozenset(
    {
        "actions",
        "alert",
        "card",
        "carousel",
        "container",
        "context",
        "context_actions",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    }
)
# Slack: the most elements of a block, and the most characters of a field.
_MAX_ELEMENTS = {"actions": 25, "context": 10, "context_actions": 5}
_MAX_OPTIONS = 100
# Slack: a container's title, how many blocks it holds, and of which kinds.
_TITLE_CHARS, _MAX_CHILDREN = 150, 10
_CHILDREN = frozenset(
    {
        "actions",
        "context",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "table",
        "video",
    }
)


def check(blocks: Any, *, limit: int = MAX_BLOCKS, too_many: str = "invalid_blocks") -> list[Json]:
    """The blocks when Slack would accept them.

    Raises invalid_blocks_format, invalid_blocks (with the reason), msg_blocks_too_long, or `too_many`.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    if len(blocks) > limit:
        raise SlackError(too_many, messages=(f"no more than {limit} items allowed",))
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _require(len(ids) == len(set(ids)), "block_id already exists")
    for block in blocks:
        _block(block)
    # Slack: the markdown blocks of one payload have 12,000 characters together.
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_CHARS:
        raise SlackError("msg_blocks_too_long")
    return blocks


def shown(blocks: list[Json]) -> str:
    """The text a reader sees in blocks, without that of context blocks."""
    return "\n".join(text for block in blocks if block["type"] != "context" for text, _ in texts(block))


def footer(blocks: list[Json]) -> str:
    return "\n".join(text for block in blocks if block["type"] == "context" for text, _ in texts(block))


def live(blocks: list[Json]) -> list[str]:
    """The strings of blocks in which Slack looks for mentions: mrkdwn, markdown and rich text."""
    return [text for block in blocks for text, is_live in texts(block) if is_live]


def texts(block: Json) -> list[tuple[str, bool]]:
    """The texts of one block, each with whether mentions in it are live."""
    match block["type"]:
        case "markdown":
            return [(block["text"], True)]
        case "section":
            parts = [block["text"]] if "text" in block else []
            return [(part["text"], part["type"] == "mrkdwn") for part in [*parts, *block.get("fields", [])]]
        case "header":
            return [(block["text"]["text"], False)]
        case "context":
            return [(part["text"], part["type"] == "mrkdwn") for part in block["elements"] if "text" in part]
        case "rich_text":
            return [(_rich(block), True)]
        case "container":
            inside = [text for child in block["child_blocks"] for text in texts(child)]
            return [(block["title"]["text"], False), *inside]
        case _:
            return []


def _rich(element: Json) -> str:
    match element.get("type"):
        case "user":
            return f"<@{element['user_id']}>"
        case "usergroup":
            return f"<!subteam^{element['usergroup_id']}>"
        case "broadcast":
            return f"<!{element['range']}>"
        case "text":
            return str(element["text"])
        case "link":
            return str(element.get("text") or element["url"])
        case "emoji":
            return f":{element['name']}:"
        case _:
            return "".join(_rich(part) for part in element.get("elements", []))


def _require(holds: object, reason: str) -> None:
    if not holds:
        raise SlackError("invalid_blocks", messages=(reason,), errors=[reason])


def _block(block: Json) -> None:
    kind = block.get("type")
    _require(kind in _KNOWN, f"unsupported type: {kind}")
    _require(len(block.get("block_id", "")) <= 255, "block_id is longer than 255 characters")
    match kind:
        case "section":
            _require("text" in block or block.get("fields"), "a section needs text or fields")
            if "text" in block:
                _text(block["text"], SECTION_CHARS)
            fields = block.get("fields", [])
            _require(len(fields) <= 10, "no more than 10 fields allowed")
            for part in fields:
                _text(part, 2_000)
            if "accessory" in block:
                _element(block["accessory"])
        case "header":
            _text(block.get("text"), 150, plain=True)
        case "markdown":
            _require(isinstance(block.get("text"), str) and block["text"], "a markdown block needs text")
        case "context" | "actions" | "context_actions":
            _elements(block, _MAX_ELEMENTS[kind])
        case "input":
            _text(block.get("label"), 2_000, plain=True)
            _element(block.get("element", {}))
        case "rich_text":
            _require(isinstance(block.get("elements"), list), "rich_text needs elements")
        case "container":
            _container(block)


def _container(block: Json) -> None:
    _text(block.get("title"), _TITLE_CHARS, plain=True)
    opens = block.get("is_collapsible", False)
    _require(opens or not block.get("default_collapsed"), "default_collapsed needs is_collapsible")
    children = block.get("child_blocks") or []
    _require(0 < len(children) <= _MAX_CHILDREN, f"a container takes 1 to {_MAX_CHILDREN} blocks")
    for child in children:
        _require(child.get("type") in _CHILDREN, f"unsupported child: {child.get('type')}")
        _block(child)


def _elements(block: Json, limit: int) -> None:
    elements = block.get("elements", [])
    _require(0 < len(elements) <= limit, f"{block['type']} takes 1 to {limit} elements")
    ids = [element["action_id"] for element in elements if "action_id" in element]
    _require(len(ids) == len(set(ids)), "action_id already exists")
    for element in elements:
        if element.get("type") in {"mrkdwn", "plain_text"}:
            _require(block["type"] == "context", "a text object is no element of this block")
            _text(element, SECTION_CHARS)
        else:
            _element(element)


def _element(element: Json) -> None:
    _require(element.get("type"), "an element needs a type")
    _require(len(element.get("action_id", "")) <= 255, "action_id is longer than 255 characters")
    match element["type"]:
        case "button":
            _text(element.get("text"), 75, plain=True)
            _require(len(element.get("value", "")) <= 2_000, "value is longer than 2000 characters")
        case "icon_button":
            _text(element.get("text"), 75, plain=True)
        case "feedback_buttons":
            for name in ("positive_button", "negative_button"):
                _text(element.get(name, {}).get("text"), 75, plain=True)
        case "static_select" | "multi_static_select" | "overflow" | "radio_buttons" | "checkboxes":
            groups = [group.get("options", []) for group in element.get("option_groups", [])]
            for options in groups or [element.get("options", [])]:
                _options(options)


def _options(options: list[Json]) -> None:
    _require(0 < len(options) <= _MAX_OPTIONS, "a select takes 1 to 100 options")
    for option in options:
        _text(option.get("text"), 75)
        _require(0 < len(option.get("value", "")) <= 150, "an option's value has 1 to 150 characters")


def _text(part: Any, limit: int, *, plain: bool = False) -> None:
    _require(isinstance(part, dict), "a text object is missing")
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    _require(part.get("type") in kinds, f"text must be {' or '.join(sorted(kinds))}")
    _require(isinstance(part.get("text"), str) and part["text"], "text must not be empty")
    _require(len(part["text"]) <= limit, f"text must be at most {limit} characters")
