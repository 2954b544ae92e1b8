"""What is remembered of a talk beyond its newest turns: who said what, what was said before, the running summary."""
