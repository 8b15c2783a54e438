"""Making the layers that are missing: from wheels on the network to blobs in the store."""
