"""What dpkg and maintainer scripts would leave behind, made: files above the packages."""
