"""Base images, and what must be known of them."""
