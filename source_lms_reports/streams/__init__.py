"""Which streams an account has, and what their columns are."""
