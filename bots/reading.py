"""Reading what the operator sets: from the environment, from ``.env`` beside the program, or from files.

A section is a plain model whose fields are the variables' names in lower case. All that is wrong is told at once,
and no secret is ever shown.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar, cast

from dotenv.parser import parse_stream
from pydantic import BaseModel, ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

_LONGEST_SHOWN = 80


class SettingsWrong(Exception):
    """``str(error)`` lists every problem, a line each, and is meant for the operator's eyes."""


def wrong(problems: Sequence[str]) -> SettingsWrong:
    """All ``problems`` as one text."""
    count = "One setting is" if len(problems) == 1 else f"{len(problems)} settings are"
    return SettingsWrong("\n".join([f"{count} wrong:", *(f"- {problem}" for problem in problems)]))


@dataclass(frozen=True, slots=True)
class Given:
    """What was set, the stronger source first."""

    sources: Sequence[Mapping[str, str]]
    problems: Sequence[str] = ()

    def value(self, name: str) -> str:
        """The value of ``name`` or of the file that ``<name>_FILE`` names; empty when neither is set.

        Within one source the value wins over the file; a name that is set to nothing hides weaker sources.
        Raises ValueError with a sentence for a file that cannot be read.
        """
        for source in self.sources:
            if value := source.get(name, "").strip():
                return value
            if path := source.get(f"{name}_FILE"):
                return _content(name, Path(path))
            if name in source:
                return ""
        return ""


def given(environment: Mapping[str, str] | None = None) -> Given:
    """What is set in ``environment``, or else in the real one and in ``.env`` of the working directory."""
    if environment is not None:
        return Given([environment])
    try:
        # utf-8-sig: Windows editors begin a file with a byte order mark, which would hide the first variable.
        text = Path(".env").read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Given([os.environ])
    except (OSError, UnicodeDecodeError) as error:
        return Given([os.environ], [f".env: cannot be read ({why(error)})"])
    lines = list(parse_stream(StringIO(text)))
    values = {line.key: line.value for line in lines if line.key and line.value is not None}
    unreadable = [
        f".env: line {line.original.line} is no setting; one looks like NAME=value"
        for line in lines
        if line.error or (line.key and line.value is None)
    ]
    return Given([os.environ, values], unreadable)


S = TypeVar("S", bound=BaseModel)


def read(section: type[S], found: Given) -> tuple[S | None, list[str]]:
    """One section's values, and what is wrong with them as sentences; no values when something is."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for name in section.model_fields:
        try:
            if value := found.value(name.upper()):
                values[name] = value
        except ValueError as error:
            problems.append(str(error))
    try:
        settings = _validated(section, values)
    except ValidationError as refused:
        problems += [_sentence(error, section) for error in refused.errors()]
        unfit = {error["loc"][0] for error in refused.errors()}
        # What is right by itself may still be wrong together, and must be told in the same message.
        settings = _validated(section, {name: value for name, value in values.items() if name not in unfit})
    problems += settings.problems() if hasattr(settings, "problems") else []
    return (None, problems) if problems else (settings, [])


class _Values(PydanticBaseSettingsSource):
    """What was found for one section, as a source of pydantic-settings: the only one."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._values)


def _validated(section: type[S], values: Mapping[str, str]) -> S:
    class FromValues(BaseSettings):
        model_config = SettingsConfigDict(validate_default=False)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            # Its own sources cannot tell a wrong line of .env, nor read NAME_FILE.
            return (_Values(settings_cls, values),)

    return cast("S", create_model(section.__name__, __base__=(FromValues, section))())


def _content(name: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}_FILE: {path} cannot be read ({why(error)})") from error
    if not content:
        raise ValueError(f"{name}_FILE: {path} is empty")
    return content


def why(error: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read, in words."""
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror)


def _sentence(error: Any, section: type[BaseModel]) -> str:
    name = str(error["loc"][0])
    secret = "SecretStr" in str(section.model_fields[name].annotation)
    shown = "" if secret else f" (it is {repr(error['input'])[:_LONGEST_SHOWN]})"
    said = error["msg"].removeprefix("Value error, ")
    return f"{name.upper()}: {said[:1].lower()}{said[1:]}{shown}"
