"""Virtual environments on this machine: where they may go, and how they come to be there."""
