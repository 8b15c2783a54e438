"""Debian packages above a base: which layers they become, and what these hold."""
