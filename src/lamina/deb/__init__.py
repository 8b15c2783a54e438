"""From a Debian package to entries."""
