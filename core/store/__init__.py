"""What is kept in Redis: turns and histories, channel preferences, and the journals a page reads."""
