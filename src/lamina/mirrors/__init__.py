"""Where Debian packages come from, and whom to believe.

`archives` says which suites there are and where, `keyrings` whose signature counts for each;
`releases` and `indices` read what a suite holds, `debs` fetches a package of it.
"""
