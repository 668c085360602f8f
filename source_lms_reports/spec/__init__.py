"""What a user may set, and what was set."""
