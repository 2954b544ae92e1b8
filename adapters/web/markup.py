"""A model's Markdown as HTML that is safe to show.

Two walls: the renderer makes no HTML that was written as HTML, and the sanitiser lets through only what is listed
here. The page's Content-Security-Policy is the third. Nothing is loaded from elsewhere: images become links.
"""

import re
from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize as standard_emphasis
from markdown_it.token import Token

_TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "a", "code", "pre", "blockquote", "ul", "ol", "li"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ALIGNED = {"center", "right"}
_SAFE_LINK = re.compile(r"(https?://|mailto:)[^\s]+", re.IGNORECASE)
_BARE_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
# Han, kana, hangul, and the punctuation written between them.
_CJK = re.compile("[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")


class Markup:
    """Renders Markdown. One for a server: building it costs more than using it."""

    def __init__(self) -> None:
        # In a chat a line break is meant.
        self._markdown = _Markdown("commonmark", {"html": False, "breaks": True})
        self._markdown.enable(["table", "strikethrough"])
        self._markdown.inline.ruler.at("emphasis", _emphasis)
        self._markdown.core.ruler.after("text_join", "bare_links", _link_bare_addresses)
        self._markdown.core.ruler.after("bare_links", "alignment", _align_by_class)
        self._markdown.add_render_rule("fence", _fence)
        self._markdown.add_render_rule("code_block", _fence)
        self._markdown.add_render_rule("image", _image)
        self._cleaner = nh3.Cleaner(
            tags=_TAGS,
            attributes={"*": set(), "a": {"href"}, "ol": {"start"}, "pre": {"data-language"}},
            allowed_classes={"th": _ALIGNED, "td": _ALIGNED},
            set_tag_attribute_values={"a": {"target": "_blank"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )

    def render(self, text: str) -> str:
        return self._cleaner.clean(self._markdown.render(text))


def plain(text: str) -> str:
    """What a person typed, as HTML that shows exactly that."""
    return escapeHtml(text)


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - markdown-it's name
        # Relative addresses would be this page's own; they are left as they were written.
        return _SAFE_LINK.fullmatch(url.strip()) is not None


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Lets ``**注意：**请`` be bold: CommonMark's flanking rules expect spaces between words, which Chinese has not.

    As proposed in commonmark-spec issue 650: beside a CJK character a run of ``*`` counts as beside a space.
    """
    start, before = state.pos, len(state.delimiters)
    if not standard_emphasis(state, silent):
        return False
    if state.src[start] == "*":
        previous = state.src[start - 1] if start else " "
        following = state.src[state.pos] if state.pos < state.posMax else " "
        for delimiter in state.delimiters[before:]:
            delimiter.open |= not following.isspace() and bool(_CJK.match(previous))
            delimiter.close |= not previous.isspace() and bool(_CJK.match(following))
    return True


def _link_bare_addresses(state: StateCore) -> None:
    for block in state.tokens:
        if block.children and "://" in block.content:
            block.children = _with_links(block.children)


def _with_links(tokens: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    inside = 0
    for token in tokens:
        inside += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        found.extend([token] if inside or token.type != "text" else _linked(token.content))
    return found


def _linked(text: str) -> list[Token]:
    tokens: list[Token] = []
    end = 0
    for match in _BARE_LINK.finditer(text):
        address = _without_punctuation(match[0])
        tokens += [
            Token("text", "", 0, content=text[end : match.start()]),
            Token("link_open", "a", 1, attrs={"href": address}),
            Token("text", "", 0, content=address),
            Token("link_close", "a", -1),
        ]
        end = match.start() + len(address)
    return [*tokens, Token("text", "", 0, content=text[end:])]


def _without_punctuation(address: str) -> str:
    """``address`` without what belongs to the sentence around it."""
    unopened = address.count(")") - address.count("(")
    end = len(address)
    while address[end - 1] in ".,;:!?'*" or (address[end - 1] == ")" and unopened > 0):
        unopened -= address[end - 1] == ")"
        end -= 1
    return address[:end]


def _align_by_class(state: StateCore) -> None:
    # markdown-it aligns by a style attribute, which the page's policy forbids.
    for token in state.tokens:
        style = str(token.attrs.pop("style", "")) if token.type in {"th_open", "td_open"} else ""
        if (side := style.removeprefix("text-align:")) in _ALIGNED:
            token.attrs["class"] = side


def _fence(_: object, tokens: Sequence[Token], index: int, *__: Any) -> str:
    language = _LANGUAGE.match(tokens[index].info.strip())
    named = f' data-language="{escapeHtml(language[0])}"' if language else ""
    # Without the last line break, which is the fence's: the mark of a running reply stands behind the last letter.
    code = tokens[index].content.removesuffix("\n")
    return f"<pre{named}><code>{escapeHtml(code)}</code></pre>\n"


def _image(_: object, tokens: Sequence[Token], index: int, *__: Any) -> str:
    source = str(tokens[index].attrs["src"])
    return f'<a href="{escapeHtml(source)}">{escapeHtml(tokens[index].content or source)}</a>'
