"""From a URL and an expected hash to a verified file."""
