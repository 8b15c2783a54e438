"""Debian packages above a base: which layers they become, and what these hold.

`plan` says which layers there are; `placing` and `unpacking` give the files of packages, `notes`
what is learned of them on the way. The small layer above is made by `configuration`: `scripts`
reads what maintainer scripts would do, `made` has the files that they and dpkg would leave,
`loader` the cache of libraries.
"""
