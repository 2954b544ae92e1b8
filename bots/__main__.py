"""``drun-chat``, and ``python -m bots``."""

from bots.cli import main

if __name__ == "__main__":
    main()
