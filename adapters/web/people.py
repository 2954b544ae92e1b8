"""Who speaks on the page: whoever may open it."""

from dataclasses import dataclass, replace

from core.people import Person
from core.texts import Language

VISITOR = Person("", admin=True, operator=True)
"""The page's user has no name. Who may open the page runs the deployment, or was given its token."""


@dataclass(slots=True)
class Visitor:
    """The page's user, as their browser last told this process."""

    language: Language | None = None
    """None: they have written nothing here yet."""

    def person(self) -> Person:
        return replace(VISITOR, language=self.language)
