"""One model that can be asked, with all that is known of it."""

from dataclasses import dataclass

from core.drun.documented import WINDOW_OF_UNKNOWN, Price
from core.drun.endpoints import Deployment, Endpoint
from core.texts import Language, Text


@dataclass(frozen=True, slots=True)
class Model:
    """One model that can be chosen. None: not known."""

    id: str
    endpoint: Endpoint
    known_window: int | None = None
    """Tokens that question, history and reply share."""
    output: int | None = None
    """Tokens of one reply."""
    reasoning: bool | None = None
    tools: bool | None = None
    vision: bool | None = None
    price: Price | None = None
    """None for a Model Service: it is paid per instance."""
    name: str = ""
    """The documented name, the same in both deployments; empty when nobody told it."""
    alias: str = ""
    """What the operator calls it; empty when it has its id alone."""
    completes: bool = False
    """Some worker was told that it takes no chats."""

    @property
    def called(self) -> str:
        """What it is chosen by: the operator's name for it, else its id."""
        return self.alias or self.id

    @property
    def window(self) -> int:
        """``known_window``, or one that is small enough for nearly all."""
        return self.known_window or WINDOW_OF_UNKNOWN

    @property
    def label(self) -> str:
        """What people are shown."""
        if self.endpoint.deployment is Deployment.DEMO:
            return f"{self.id} (demo model)"
        return self.id

    @property
    def dedicated(self) -> bool:
        """Its tokens cost nothing by themselves."""
        return self.endpoint.deployment is Deployment.SERVICE

    def described(self, language: Language) -> str:
        """What is known of it, in one short line without its id."""
        abilities = [
            text.say(language)
            for text, able in ((_REASONING, self.reasoning), (_TOOLS, self.tools), (_VISION, self.vision))
            if able
        ]
        parts = [
            self.name,
            _DEPLOYMENTS[self.endpoint.deployment].say(language),
            _WINDOW.say(language, window=_short(self.known_window)) if self.known_window else "",
            (", " if language == "en" else "、").join(abilities),
            _DEDICATED.say(language) if self.dedicated else _price(self.price, language),
        ]
        return " · ".join(part for part in parts if part)


_REASONING = Text("reasoning", "推理")
_TOOLS = Text("tools", "工具")
_VISION = Text("vision", "视觉")
_WINDOW = Text("{window} tokens", "{window} token")
_DEDICATED = Text("paid per instance", "按实例计费")
_PRICE = Text(
    "{sign}{prompt} in, {sign}{completion} out per {tokens}",
    "每 {tokens} token 输入 {sign}{prompt}，输出 {sign}{completion}",
)
_DEPLOYMENTS = {
    Deployment.MAAS: Text("MaaS by Token", "MaaS 按 token 计费"),
    Deployment.SERVICE: Text("Model Service", "模型服务"),
    Deployment.DEMO: Text("demo model", "演示模型"),
}
_SIGNS = {"CNY": "¥", "USD": "$"}


def _price(price: Price | None, language: Language) -> str:
    if price is None:
        return ""
    return _PRICE.say(
        language,
        sign=_SIGNS[price.currency],
        prompt=f"{price.prompt:g}",
        completion=f"{price.completion:g}",
        tokens=_short(price.tokens),
    )


def _short(tokens: int) -> str:
    """``131072`` as 128k, as models' makers write windows; ``1000`` as 1k."""
    for unit, letter in ((1024 * 1024, "M"), (1_000_000, "M"), (1024, "k"), (1000, "k")):
        if tokens >= unit and tokens % unit == 0:
            return f"{tokens // unit}{letter}"
    return f"{tokens:,}"
