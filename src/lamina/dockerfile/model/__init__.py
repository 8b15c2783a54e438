"""What each RUN meets: who runs it, where, with which variables and mounts; and which tools run.

Computed from the Dockerfile alone, as a builder would. What depends on something that the
Dockerfile does not say, such as a variable of the base image, is marked so.
"""
