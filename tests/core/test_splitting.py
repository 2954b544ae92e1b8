"""Cutting, case by case: borders, fences, breaks."""

import re

import pytest
from markdown_it import MarkdownIt

from core.splitting import closed, cut, open_fence, split
from tests.core.messages import heads


def test_a_cut_inside_code_closes_the_fence_and_opens_it_again_with_its_language() -> None:
    lines = [f"line_{number} = {number}" for number in range(40)]
    text = "~~~~python\n" + "\n".join(lines) + "\n~~~~\nThat was it."

    first, *between, last = heads(text, 300)

    assert first.startswith("~~~~python\nline_0 = 0\n")
    assert first.endswith("\n~~~~")
    assert all(head.startswith("~~~~python\nline_") and head.endswith("\n~~~~") for head in between)
    assert last.endswith("\n~~~~\nThat was it.")


def test_a_long_first_line_of_code_is_repeated_with_the_language_alone() -> None:
    text = "```python title='a very long title for such a small program'\n" + "x = 1\n" * 100 + "```"

    assert split(text, 300)[1].startswith("```python\nx = 1\n")


def test_code_of_a_list_item_goes_on_at_the_indentation_of_its_text() -> None:
    text = "- ```sh\n" + "  echo\n" * 100 + "  ```\n"

    head, rest = split(text, 300)

    assert head.endswith("  echo\n  ```")
    assert rest.startswith("  ```sh\n  echo\n")


def test_a_fence_right_behind_a_bullet_is_closed_by_its_own_closing_line() -> None:
    text = "- ```sh\n  echo\n  ```\n"

    assert open_fence(text) is None
    assert closed(text) == text


def test_a_first_line_of_code_goes_with_its_code() -> None:
    text = "word " * 45 + "\n```python\n" + "code " * 50 + "\n```"

    head, rest = split(text, 300)

    assert head == ("word " * 45)
    assert rest.startswith("```python\ncode ")


def test_a_first_line_of_code_goes_with_its_code_over_empty_lines_too() -> None:
    text = "word " * 45 + "\n```python\n\n\n" + "code " * 50 + "\n```"

    assert split(text, 300) == ("word " * 45, text[226:])


def test_a_line_of_code_that_reads_like_a_fence_is_cut_only_when_there_is_no_other_way() -> None:
    text = "~~~py\n``` " + "x " * 300 + "\n~~~"

    found = heads(text, 300)

    assert len(found) > 2
    assert all(head.startswith("~~~py\n") and head.endswith("\n~~~") for head in found)


@pytest.mark.parametrize("filling", ["say ``` or ~~~ to begin, ", "x```y~~~"])
def test_fences_in_the_middle_of_a_line_do_not_become_code(filling: str) -> None:
    for more in range(30):
        for head in heads("a" * more + " " + filling * 40, 300):
            assert all(token.type not in {"fence", "code_block"} for token in MarkdownIt().parse(head))
            assert not re.search(r"(?<!`)`{1,2}$|(?<!~)~{1,2}$", head), "a marker is cut"


@pytest.mark.parametrize("piece", [1, 3])
def test_a_closing_line_that_comes_in_pieces_stays_with_its_code_too(piece: int) -> None:
    for more in range(40):
        text = f"{'a' * more}\n\n```\n{'x' * 240}\n```\nAnd on it goes, word by word by word."
        part, sealed = "", []
        for at in range(0, len(text), piece):
            part += text[at : at + piece]
            while (made := cut(part, 300)) is not None:
                sealed.append(made.head)
                part = made.opening + part[made.at :]
        assert [*sealed, part] == heads(text, 300)


def test_a_closing_line_stays_with_its_code() -> None:
    code = "```\n" + "x" * 240 + "\n```"
    for more in range(15):
        head, rest = split(f"{'a' * more}\n\n{code}\nAnd on it goes, word by word by word.", 300)
        assert head.endswith("x\n```")
        assert rest.startswith("And on")


@pytest.mark.parametrize(
    ("border", "head_ends"),
    [
        ("\n\n", "one"),
        ("\n", "one"),
        (". ", "one. "),
        ("。", "one。"),
        ("！", "one！"),
        (", ", "one, "),
        ("，", "one，"),
        (" ", "one "),
    ],
)
def test_a_cut_falls_at_the_best_border_of_the_second_half(border: str, head_ends: str) -> None:
    weaker = "" if border == " " else "words of it " * 4
    text = "x" * 200 + "one" + border + (weaker + "y" * 200)

    head, rest = split(text, 300)

    assert head == "x" * 200 + head_ends
    assert rest == weaker + "y" * 200


def test_blank_lines_and_indentation_of_code_survive_a_cut() -> None:
    text = "```\n" + "x" * 220 + "\n\n    indented\n" + "y" * 100 + "\n```"

    head, rest = split(text, 300)

    assert head == "```\n" + "x" * 220 + "\n```"
    assert rest == "```\n\n    indented\n" + "y" * 100 + "\n```"


def test_breaks_at_the_end_do_not_make_another_message_and_are_not_forgotten() -> None:
    text = "x" * 250 + "\n" * 100

    assert split(text, 300) == (text, "")
    assert split(text + "next", 300) == ("x" * 250, "next")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no code", "no code"),
        ("```py\nx", "```py\nx\n```"),
        ("```py\nx\n", "```py\nx\n```"),
        ("```py\nx\n```", "```py\nx\n```"),
        ("````md\n```py\n```\n", "````md\n```py\n```\n````"),
        ("~~~\n```\n", "~~~\n```\n~~~"),
        ("```\nx\n    ```", "```\nx\n    ```\n```"),
        ("```\nx\n`````", "```\nx\n`````"),
        ("```\nx\n``` no", "```\nx\n``` no\n```"),
        ("```inline```", "```inline```"),
        ("   ```py\n   x", "   ```py\n   x\n   ```"),
        ("- 1. ```py\n     x", "- 1. ```py\n     x\n     ```"),
    ],
)
def test_only_an_open_fence_is_closed(text: str, expected: str) -> None:
    assert closed(text) == expected
    assert closed(expected) == expected
