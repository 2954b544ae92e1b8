"""What d.run's lists do not say: each model's window in tokens, as documented on 2026-11-22.

Sources: models.dev's d.run provider data for R1, V3 and MiniMax-M25; the models' own cards for the rest, where
d.run may deploy less (a server that does then names its own limit).
"""

WINDOW_OF_UNKNOWN = 8192
"""Small enough for every model of d.run's page but baichuan2-13b-Chat."""

_WINDOWS = {
    "DeepSeek-R1": 131_072,
    "DeepSeek-V3": 131_072,
    "Phi-4": 16_384,
    "Phi-3.5-mini-instruct": 131_072,
    "Qwen2-0.5B-Instruct": 32_768,
    "Qwen2.5-7B-Instruct": 32_768,
    "Qwen2.5-14B-Instruct": 32_768,
    "Qwen2.5-Coder-32B-Instruct": 32_768,
    "Qwen2.5-72B-Instruct-AWQ": 32_768,
    "baichuan2-13b-Chat": 4_096,
    "Llama-3.2-11B-Vision-Instruct": 131_072,
    "glm-4-9b-chat": 131_072,
    "MiniMax-M25": 204_800,
}

# Only ids that d.run itself gave: the name of a service is chosen by whoever made it, and says nothing.
_NAMES = {
    "public/deepseek-r1": "DeepSeek-R1",
    "public/deepseek-v3": "DeepSeek-V3",
    "public/minimax-m25": "MiniMax-M25",
    "public/llama3.2-11b-vision": "Llama-3.2-11B-Vision-Instruct",
    "public/glm4-9b": "glm-4-9b-chat",
}


def documented_window(model: str) -> int | None:
    """The window of an id that d.run gave, or of a documented model's name; None when nothing is known."""
    return _WINDOWS.get(_NAMES.get(model, model))


def is_documented(name: str) -> bool:
    """``name`` is a model of the table, spelled as d.run's documentation spells it."""
    return name in _WINDOWS


def documented_names() -> list[str]:
    return list(_WINDOWS)
