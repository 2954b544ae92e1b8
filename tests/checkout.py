"""Where the source is, also when the suite runs against the installed wheel."""

import os
from pathlib import Path

CHECKOUT = Path(os.environ.get("DRUN_CHAT_CHECKOUT") or Path(__file__).parent.parent)
