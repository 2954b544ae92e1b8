"""Discord: mentions, replies and direct messages over the gateway, replies by posting and editing."""
