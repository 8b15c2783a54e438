"""The verdict: a log joined with its Dockerfile, to causes with their evidence and their price.

All of it is pure. Without a Dockerfile, what the log shows of one takes its place.
"""
