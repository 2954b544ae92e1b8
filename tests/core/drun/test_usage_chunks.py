"""Usage as engines write it into the last chunk."""

import pytest

from core.conversation import Delta, Usage
from core.drun.chunks import read_chunk


@pytest.mark.parametrize(
    ("usage", "reasoning"),
    [
        (b'{"prompt_tokens":5,"completion_tokens":9}', None),
        (b'{"prompt_tokens":5,"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":7}}', 7),
        (b'{"prompt_tokens":5,"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":0}}', 0),
        (b'{"prompt_tokens":5,"completion_tokens":9,"completion_tokens_details":null}', None),
        (b'{"prompt_tokens":5,"completion_tokens":9,"reasoning_tokens":4}', 4),
        (b'{"prompt_tokens":5,"completion_tokens":9,"reasoning_tokens":4,"completion_tokens_details":{}}', 4),
        (
            b'{"prompt_tokens":5,"completion_tokens":9,"completion_tokens_details":["?"],"reasoning_tokens":"?"}',
            None,
        ),
    ],
)
def test_reasoning_tokens_are_read_wherever_an_engine_puts_them(usage: bytes, reasoning: int | None) -> None:
    assert list(read_chunk(b'{"choices":[],"usage":' + usage + b"}")) == [
        Delta(usage=Usage(5, 9, reasoning_tokens=reasoning))
    ]


def test_a_detail_in_an_unknown_shape_does_not_cost_the_finish_reason_beside_it() -> None:
    data = (
        b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":5,"completion_tokens":2,"completion_tokens_details":"none"}}'
    )
    assert list(read_chunk(data)) == [Delta(finish="stop"), Delta(usage=Usage(5, 2))]
