"""Registries: the distribution-spec 1.1 as a client, with its credentials.

`client.Registry` is one registry; its `repository` gives a `client.Repository` to pull from and to
push to. `credentials.Keychain` finds what ``docker login`` has kept.
"""
