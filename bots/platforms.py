"""The platforms there are: the folders of ``adapters``. A new folder needs no line here."""

import importlib
import pkgutil
from contextlib import AbstractAsyncContextManager
from typing import Protocol, cast

from pydantic import BaseModel

import adapters
from core.inbox import Inbox
from core.surface import Platform


class Section(Protocol):
    """What every platform's settings tell."""

    @property
    def off(self) -> str:
        """Why the platform is skipped; empty when it is set up."""
        ...


class Adapter(Protocol):
    """What ``adapters.<name>.app`` holds."""

    def connect(self, settings: Section, inbox: Inbox) -> AbstractAsyncContextManager[Platform]:
        """The platform, ready to show replies. Raises PlatformRefused, PlatformUnreachable among them."""
        ...


def names() -> list[str]:
    """Every platform's name, the page last: it is what a person looks at when the rest is up."""
    found = [module.name for module in pkgutil.iter_modules(adapters.__path__) if module.ispkg]
    return sorted(found, key=lambda name: (name == "web", name))


def section(name: str) -> type[BaseModel]:
    """The settings that platform ``name`` reads."""
    return cast("type[BaseModel]", importlib.import_module(f"adapters.{name}.settings").Settings)


def adapter(name: str) -> Adapter:
    """The platform itself; its SDK is imported only now."""
    return cast("Adapter", importlib.import_module(f"adapters.{name}.app"))
