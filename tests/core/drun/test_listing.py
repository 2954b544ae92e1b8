"""Lists of models that are nearly right: what can be read of them is."""

import json
from typing import Any

import pytest

from core.drun.listing import Listed, read_listing
from core.errors import ModelUnavailable

V3 = {"id": "public/deepseek-v3"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, []),
        ([], []),
        ([{"object": "model"}, V3], [Listed(V3["id"])]),
        ([{"id": 7}, {"id": ""}, None, "x", V3], [Listed(V3["id"])]),
        ([{**V3, "max_model_len": "4096"}], [Listed(V3["id"], 4096)]),
        ([{**V3, "max_model_len": 4096.0}], [Listed(V3["id"], 4096)]),
        ([{**V3, "max_model_len": "long"}], [Listed(V3["id"])]),
        ([{**V3, "max_model_len": 0}], [Listed(V3["id"])]),
    ],
)
def test_a_row_that_is_none_and_a_number_in_words_cost_no_other_row(
    data: Any, expected: list[Listed]
) -> None:
    assert read_listing(json.dumps({"data": data}).encode()) == expected


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"null", b"<html>", b'{"data":{}}', b'{"data":"x"}', b'{"error":"no"}']
)
def test_what_is_no_list_at_all_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="a model list that is none"):
        read_listing(body)
