"""The Pythons of this machine, which build and compile for an image and are never in it."""
