"""What the file of a lock is called."""

NAME = "lamina.lock"
"""It lies beside the project's `pyproject.toml`."""
