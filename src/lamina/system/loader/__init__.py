"""The cache of shared libraries that `ldconfig` would write."""
