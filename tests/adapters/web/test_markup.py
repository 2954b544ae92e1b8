"""What a model writes is shown, and never run."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.markup import Markup, plain

MARKUP = Markup()
ALLOWED = {
    "a": {"href", "target", "rel"},
    "ol": {"start"},
    "pre": {"data-language"},
    "th": {"class"},
    "td": {"class"},
}
PLAIN_TAGS = set(
    "p br hr em strong s a code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td".split()  # noqa: SIM905 - a list of 25 names reads better so
)


class Reader(HTMLParser):
    """Reads HTML as a browser does, and keeps what it would act on."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came through")


def assert_harmless(html: str) -> None:
    for tag, attributes in Reader(html).elements:
        assert tag in PLAIN_TAGS
        assert set(attributes) <= ALLOWED.get(tag, set())
        if "href" in attributes:
            assert (attributes["href"] or "").lower().startswith(("http://", "https://", "mailto:"))
            assert attributes["target"] == "_blank"
            assert attributes["rel"] == "noopener noreferrer nofollow"


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](/api/channels)",
    "[x](//evil.example/)",
    '[x](https://a.b/"onmouseover="alert(1))',
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    '![x" onerror="alert(1)](https://a.b/c)',
    "[x]\n\n[x]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<https://a.b/?<script>alert(1)</script>>",
    '```"onmouseover="alert(1)\nx\n```',
    "```<script>\n</code></pre><script>alert(1)</script>\n```",
    "    </code></pre><script>alert(1)</script>",
    "`</code><script>alert(1)</script>`",
    "|<script>alert(1)</script>|\n|:-:|\n|<img onerror=alert(1)>|",
    "<iframe src=https://evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<base href=https://evil.example>",
    "<form action=https://evil.example><input></form>",
    "<!-- --><b onclick=alert(1)>x</b>",
    "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "https://a.b/'onmouseover='alert(1)",
    "[a](https://a.b 'title\" onclick=\"alert(1)')",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_acts_comes_through(attack: str) -> None:
    assert_harmless(MARKUP.render(attack))
    assert not Reader(plain(attack)).elements


PIECES = st.sampled_from(
    [*ATTACKS, "<", ">", '"', "'", "`", "\n", "[", "](", ")", "!", "&", "|", "**", "javascript:"]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=12).map("".join))
def test_no_text_makes_anything_that_acts(text: str) -> None:
    assert_harmless(MARKUP.render(text))


@settings(deadline=None)
@given(st.text())
def test_what_a_person_typed_is_shown_as_it_is(text: str) -> None:
    # The parser, like a browser, cannot tell these apart from what they stand for.
    text = text.replace("\r", "").replace("\0", "")
    assert Reader(plain(text)).text == text


def test_html_is_shown_as_text() -> None:
    assert (
        Reader(MARKUP.render("a <b>c</b> <script>d</script>")).text.strip() == "a <b>c</b> <script>d</script>"
    )


def test_an_image_is_a_link_and_loads_nothing() -> None:
    (_, (tag, attributes)) = Reader(MARKUP.render("![a chart](https://a.b/c.png)")).elements
    assert (tag, attributes["href"]) == ("a", "https://a.b/c.png")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.b/c.", "https://a.b/c"),
        ("(see https://a.b/c)", "https://a.b/c"),
        ("https://a.b/c_(d), and", "https://a.b/c_(d)"),
        ("详见https://a.b/c?d=1&e=2。谢谢", "https://a.b/c?d=1&e=2"),
        ("**https://a.b/**", "https://a.b/"),
        ("[text](https://a.b/)", "https://a.b/"),
        ("<https://a.b/>", "https://a.b/"),
    ],
)
def test_an_address_is_a_link_without_the_sentence_around_it(text: str, address: str) -> None:
    links = [attributes["href"] for tag, attributes in Reader(MARKUP.render(text)).elements if tag == "a"]
    assert links == [address]


@pytest.mark.parametrize("text", ["`https://a.b/`", "```\nhttps://a.b/\n```", "http://", "ftp://a.b"])
def test_what_is_code_or_no_address_is_no_link(text: str) -> None:
    assert "<a" not in MARKUP.render(text)


@pytest.mark.parametrize(
    ("text", "bold"),
    [
        ("**注意：**请看", "注意："),
        ("这是**“引用”**的写法", "“引用”"),
        ("使用**`pool`**即可", "pool"),
        ("a **b** c", "b"),
    ],
)
def test_bold_needs_no_spaces_in_chinese(text: str, bold: str) -> None:
    html = MARKUP.render(text)
    assert "*" not in html
    assert Reader(html.partition("<strong>")[2].partition("</strong>")[0]).text == bold


@pytest.mark.parametrize("text", ["2 * 3 * 4", "a ** b ** c", "文件 * 路径 * 名称"])
def test_a_lonely_star_stays_a_star(text: str) -> None:
    assert Reader(MARKUP.render(text)).text.strip() == text


def test_code_keeps_its_language_and_every_letter() -> None:
    html = MARKUP.render("```python title=x\nif a < b:\n\n    pass\n```")
    assert html == '<pre data-language="python"><code>if a &lt; b:\n\n    pass</code></pre>\n'


def test_a_table_is_aligned_by_classes_which_the_policy_allows() -> None:
    html = MARKUP.render("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|")
    assert 'class="center">2' in html
    assert 'class="right">3' in html
    assert "style" not in html


def test_a_line_break_is_meant_and_struck_text_is_struck() -> None:
    assert MARKUP.render("a\n~~b~~") == "<p>a<br>\n<s>b</s></p>\n"
