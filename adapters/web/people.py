"""Who speaks on the page: whoever may open it."""

from core.people import Person

VISITOR = Person("", admin=True, operator=True)
"""The page's user has no name. Who may open the page runs the deployment, or was given its token."""
