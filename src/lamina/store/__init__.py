"""Where blobs rest by digest, and layers by key."""
