"""What a script for the shell would run, found by reading it; nothing is started."""
