"""A Dockerfile read as BuildKit reads it, with the place of everything in it.

`model` says what each RUN of it meets.
"""
