"""`lamina.lock`: what an image is made from that `uv.lock` does not say, pinned.

`model` has the values, `read` and `write` the file, `matching` says whether it answers a
configuration, `changes` what is new in it.
"""
