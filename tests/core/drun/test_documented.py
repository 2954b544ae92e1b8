"""The table of what is documented: what it holds, and what it leaves open."""

import pytest

from core.drun.documented import Price, documented, documented_names, table

PAGE = {
    # name: MaaS by Token, Model Service
    "DeepSeek-R1": (True, False),
    "DeepSeek-V3": (True, False),
    "Phi-4": (False, True),
    "Phi-3.5-mini-instruct": (False, True),
    "Qwen2-0.5B-Instruct": (False, True),
    "Qwen2.5-7B-Instruct": (True, True),
    "Qwen2.5-14B-Instruct": (False, True),
    "Qwen2.5-Coder-32B-Instruct": (False, True),
    "Qwen2.5-72B-Instruct-AWQ": (True, True),
    "baichuan2-13b-Chat": (False, True),
    "Llama-3.2-11B-Vision-Instruct": (True, True),
    "glm-4-9b-chat": (True, True),
}


def test_the_twelve_models_of_the_page_come_first_with_their_deployments() -> None:
    rows = {each.name: (each.maas, each.service) for each in table().models[:12]}
    assert rows == PAGE
    assert documented_names()[:12] == list(PAGE)


def test_no_name_and_no_id_stands_twice() -> None:
    names = documented_names()
    ids = [each.id for each in table().models if each.id]
    assert len(set(names)) == len(names)
    assert len(set(ids)) == len(ids)
    assert all(id_.startswith("public/") for id_ in ids)
    assert all(each.name or each.id for each in table().models)


def test_every_number_tells_where_it_comes_from() -> None:
    for each in table().models:
        assert (each.source in table().sources) == bool(each.window or each.output), each
    assert table().as_of.isoformat() == "2026-11-22"


def test_only_models_of_maas_have_an_id_and_a_price() -> None:
    assert all(each.maas for each in table().models if each.id or each.price)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("public/deepseek-r1", "DeepSeek-R1"),
        ("DeepSeek-R1", "DeepSeek-R1"),
        ("public/llama3.2-11b-vision", "Llama-3.2-11B-Vision-Instruct"),
        ("public/qwen2.5-7b-instruct", "Qwen2.5-7B-Instruct"),
        ("public/deepseek-v4-flash", "DeepSeek-V4-Flash-0731"),
    ],
)
def test_a_model_is_known_by_its_id_and_by_its_name(model: str, name: str) -> None:
    found = documented(model)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "model", ["u-3d7a8e49da2a/deepseek-r1", "u-1/DeepSeek-R1", "deepseek-r1", "public/new", "", "public/"]
)
def test_what_somebody_typed_says_nothing(model: str) -> None:
    assert documented(model) is None


def test_what_nobody_documents_stays_unknown() -> None:
    flash = documented("public/deepseek-v4-flash")
    assert flash is not None
    assert (flash.window, flash.output, flash.tools, flash.vision) == (None, None, None, None)
    assert flash.price == Price("CNY", 1000, 0.001, 0.002, "2026-08")
