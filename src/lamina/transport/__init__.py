"""HTTP: what may be asked of servers, and how it is carried there."""
