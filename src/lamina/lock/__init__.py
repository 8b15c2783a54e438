"""What a lockfile says, for a machine that is not this one."""
