"""The command line: the only place that reads the world around the process."""
