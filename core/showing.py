"""What an answer is shown on while it is written: a Delivery, or a part of one."""

import asyncio
from types import TracebackType
from typing import Protocol, Self

from core.attached import Attached


class Showing(Protocol):
    """The calls of core.delivery.Delivery that whoever reads a model makes."""

    @property
    def writer(self) -> asyncio.Task[None]: ...

    @property
    def messages(self) -> list[str]: ...

    @property
    def shown(self) -> int: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, text: str) -> None: ...

    def announce(self, placeholder: str) -> None: ...

    def start_over(self) -> None: ...

    async def finish(self, note: str = "") -> None: ...

    async def append(self, attached: Attached | None) -> None: ...
