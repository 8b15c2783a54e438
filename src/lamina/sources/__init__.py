"""Where images are read from, without their layers: registries, image layouts, docker archives."""
