"""Maintainer scripts, read and never run: what they would do, and what of it is missing."""
