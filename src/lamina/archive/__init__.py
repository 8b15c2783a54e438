"""Bytes of layers that depend on nothing but their entries."""
