"""What people can do besides talking: each command once, for every platform."""
