"""Bytecode of wheels and of a base's standard library: which interpreter makes it, and how."""
