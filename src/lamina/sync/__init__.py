"""The same selection on disk: what is installed, what is wanted, and the steps between them."""
