"""Slack: mentions and direct messages over Socket Mode, replies by posting and editing."""
