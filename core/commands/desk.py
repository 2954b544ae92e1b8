"""What the commands work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.admission import Admission
from core.commands.sweeps import Sweeps
from core.drun.catalog import Catalog
from core.limits import Limits
from core.presets import Presets, ours
from core.store.channels import Channels
from core.store.preferences import Preferences
from core.store.turns import Turns
from core.store.usage import Spending
from core.surface import Platform


@dataclass(frozen=True, slots=True)
class Desk:
    """One for all platforms of a process."""

    turns: Turns
    channels: Channels
    catalog: Catalog
    preferences: Preferences
    spending: Spending
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    """Those that are connected, by name; more may come later."""
    admins: frozenset[str] = frozenset()
    """Of the whole deployment, as ``platform:person``."""
    admission: Admission = field(default_factory=Admission)
    limits: Limits | None = None
    """None: there are no budgets."""
    presets: Presets = field(default_factory=ours)
    """What ``/system preset`` can set."""
    sweeps: Sweeps = field(default_factory=Sweeps)
