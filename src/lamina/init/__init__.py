"""`[tool.lamina]` for a project that has none: found in its Dockerfile, or in the project itself.

All of it is pure but for `context`, which looks at the folder that files are copied from.
"""
