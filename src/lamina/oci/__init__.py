"""The image-spec as values: what an image is, with no I/O."""
