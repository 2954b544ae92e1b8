"""What one runs. The only place that reads the environment and builds objects."""
