"""From a wheel to the entries that an installer would write."""
