"""The date of all that is made."""

EPOCH = 315532800
"""The date of every file: 1980-01-01, the first that a zip archive can say. Not 0, which some
programs take for "no date"."""
