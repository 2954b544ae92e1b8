"""A long text, as much of it as fits."""

import pytest

from core.attached import Attached, quoted

LONG = "\n".join(f"line {number}" for number in range(1000))


def attached(text: str, left_out: int = 0) -> Attached:
    return Attached("thinking.md", text, "Thoughts", left_out=left_out)


def test_what_fits_is_whole() -> None:
    assert attached("So:\n\n6 * 7").fitted(100, quoted) == "> So:\n>\n> 6 * 7"
    assert attached("So").fits(2)
    assert not attached("So").fits(1)


@pytest.mark.parametrize("most", [100, 500, 2000, 12_000])
def test_of_what_does_not_fit_the_end_is_shown_and_the_rest_counted(most: int) -> None:
    shown = attached(LONG, left_out=7).fitted(most, quoted)
    assert most - 20 < len(shown) <= most or len(LONG) < most
    assert shown.endswith("> line 999")
    told, _, rest = shown.partition("\n\n")
    left_out = 7 + len(LONG) - sum(len(line.removeprefix("> ")) + 1 for line in rest.splitlines()) + 1
    count = int("".join(filter(str.isdigit, told)))
    assert abs(count - left_out) <= 1, "a line break at the cut"


def test_a_text_that_lost_its_beginning_says_so_when_it_is_whole_too() -> None:
    told = Attached("thinking.md", "end", "思考过程", "zh", 5).whole
    assert told == "_省略了开头的 5 个字符。_\n\nend"
