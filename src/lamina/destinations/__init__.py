"""Where an image can go."""
