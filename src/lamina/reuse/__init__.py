"""What earlier images tell, so that nothing of them need be made, fetched or sent again.

`record` is what an image says of itself, `former` an image read back from a registry; `search` says
which are looked at, `known` what they tell, asked by the key of a layer, and `reused` is a layer
that is taken as it lies there; `cache_tag` and `verify` have the tags of our own.
"""
