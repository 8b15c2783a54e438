"""What earlier images tell, so that nothing of them need be made, fetched or sent again.

`record` is what an image says of itself; `former` an image read back from a registry; `search`
which images are looked at; `known` what they say, asked by the key of a layer.
"""
