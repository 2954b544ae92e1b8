"""One folder per platform, the same file names in each: settings, events, surface, app."""
