"""The conversation engine: turns, history, models and delivery. It names no platform."""
