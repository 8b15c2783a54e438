"""What would be built, before anything is."""
