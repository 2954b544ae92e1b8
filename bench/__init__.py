"""Measurements: what a turn costs in Redis, and how soon somebody who waits hears of it."""
