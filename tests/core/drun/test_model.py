"""One model in one line."""

import pytest

from core.drun.documented import WINDOW_OF_UNKNOWN, Price
from core.drun.endpoints import Deployment, Endpoint
from core.drun.model import Model
from core.texts import Language

MAAS = Endpoint(Deployment.MAAS, "https://chat.d.run/v1", "sk-a")
SERVICE = Endpoint(Deployment.SERVICE, "https://sh-02.d.run/v1", "sk-a")
DEMO = Endpoint(Deployment.DEMO, "http://127.0.0.1:1/v1", "demo")
PRICE = Price("CNY", 1000, 0.0021, 0.0084, "2026-03")


@pytest.mark.parametrize(
    ("model", "language", "expected"),
    [
        (Model("public/x", MAAS), "en", "MaaS by Token"),
        (
            Model("public/x", MAAS, 204_800, None, True, True, None, PRICE, "MiniMax M2.5"),
            "en",
            "MiniMax M2.5 · MaaS by Token · 200k tokens · reasoning, tools · ¥0.0021 in, ¥0.0084 out per 1k",
        ),
        (
            Model("public/x", MAAS, 1_000_000, None, True, False, True, PRICE),
            "zh",
            "MaaS 按 token 计费 · 1M token · 推理、视觉 · 每 1k token 输入 ¥0.0021，输出 ¥0.0084",
        ),
        (
            Model("u-1/x", SERVICE, 4095, None, False, None, True, None, "Phi-4"),
            "en",
            "Phi-4 · Model Service · 4,095 tokens · vision · paid per instance",
        ),
        (Model("u-1/x", SERVICE), "zh", "模型服务 · 按实例计费"),
        (Model("demo/x", DEMO, 2048), "en", "demo model · 2k tokens"),
    ],
)
def test_what_is_known_is_told_and_nothing_else(model: Model, language: Language, expected: str) -> None:
    assert model.described(language) == expected


def test_an_unknown_window_is_taken_for_a_small_one() -> None:
    assert Model("public/x", MAAS).window == WINDOW_OF_UNKNOWN
    assert Model("public/x", MAAS, 4096).window == 4096


def test_the_demo_model_is_called_one() -> None:
    assert Model("demo/x", DEMO).label == "demo/x (demo model)"
    assert Model("public/x", MAAS).label == "public/x"
