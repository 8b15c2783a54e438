"""Reading a Dockerfile as BuildKit's frontend does, with the place of everything in it."""
