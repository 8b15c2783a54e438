"""The project itself: its wheel, its files."""
