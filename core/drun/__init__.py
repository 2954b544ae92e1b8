"""The d.run client: its two deployments, its stream and its ways to fail."""
